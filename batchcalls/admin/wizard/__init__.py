"""Creating a batch in three steps: upload and configure, match columns, review and launch."""
