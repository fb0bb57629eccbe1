"""The review queue: what waits, one proposal at a time, and what was decided."""
