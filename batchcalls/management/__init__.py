"""Django's commands, and what they share."""
