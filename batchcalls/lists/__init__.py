"""From bytes to rows to mapped columns, without knowing batches."""
