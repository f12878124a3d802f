"""What runs after commit: job handlers, the worker, and the one-second tick."""
