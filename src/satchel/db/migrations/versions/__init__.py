"""The steps, in order; each a Python file that runs SQL."""
