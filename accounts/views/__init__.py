"""Signing in, the first admin, and what one sets for oneself."""
