"""What starts instances with files, for tests of exports."""

from collections.abc import Awaitable, Callable

Start = Callable[..., Awaitable[int]]
"""Takes a subject and files by name, and returns the instance's number."""
