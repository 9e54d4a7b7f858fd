"""How well searches search: real training kept as tables, replayed by methods side by side."""
