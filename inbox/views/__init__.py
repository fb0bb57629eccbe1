"""The console: the list, one conversation, and what people do in them."""
