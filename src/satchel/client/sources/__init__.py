"""Where processes with files come from: Satchel itself, and other vendors' servers by their APIs."""
