"""German: the same order, with the day's full stop."""
