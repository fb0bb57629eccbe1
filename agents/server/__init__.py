"""The MCP server: how agents read conversations, propose messages and learn what became of them."""
