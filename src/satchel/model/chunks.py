"""Bytes as a stream of chunks, as the store and the way out take them."""

from collections.abc import AsyncIterator


async def once(data: bytes) -> AsyncIterator[bytes]:
    """Give bytes that are held in memory, as one chunk."""
    yield data
