"""Work after commits: job handlers, the worker, and the one-second tick."""
