"""What the lists show: their columns, for every page that lists the same rows."""
