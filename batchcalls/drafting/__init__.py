"""A batch before it is checked: drafts, edits, recipients as objects, clones and test calls."""
