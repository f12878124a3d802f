"""Bytes as a stream of chunks, for the store and outbound calls."""

from collections.abc import AsyncGenerator


async def once(data: bytes) -> AsyncGenerator[bytes, None]:
    """Yield bytes in memory as one chunk."""
    yield data
