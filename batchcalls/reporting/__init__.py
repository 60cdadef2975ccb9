"""Everything that is shown: figures, filters, tables, exports, and explanations."""
