"""What people and programs are shown: figures, filters, tables, exports, explanations."""
