"""What a person does in a real browser, against real processes."""
