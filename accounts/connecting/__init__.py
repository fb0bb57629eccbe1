"""Connecting accounts: from a login at Meta or a pasted token to a stored account that works."""
