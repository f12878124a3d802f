"""Bytes as a stream of chunks, as the store and the way out take them."""

from collections.abc import AsyncGenerator


async def once(data: bytes) -> AsyncGenerator[bytes, None]:
    """Give bytes that are held in memory, as one chunk."""
    yield data
