"""Sources of processes with files: Satchel itself, and other vendors' servers by their APIs."""
