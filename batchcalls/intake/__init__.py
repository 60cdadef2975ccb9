"""From the rows of a list to recipients with a verdict each, and to do-not-call entries."""
