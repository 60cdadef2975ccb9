"""From bytes to rows to mapped columns; knows no batch."""
