"""Receives a large reply with the standard library's HTTP client, from the connection into one buffer.

httpx copies each piece four times (h11 keeps it in between), which is half the cost of an export of small files.
Each request has its own connection: it fetches pages of files, some dozens of MiB each.
"""

import http.client
import ssl
import urllib.request
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager

import httpx

PIECE_BYTES = 256 * 1024


class IncompleteReplyError(Exception):
    """The reply was incomplete or missing."""


def is_open_to(url: httpx.URL) -> bool:
    """Return whether a server is reached directly; proxies are left to httpx."""
    return not urllib.request.getproxies() or bool(urllib.request.proxy_bypass(url.host))


class BulkReply:
    """A reply whose body has not been read yet."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.getheaders()}

    def pieces(self) -> Iterator[memoryview]:
        """Yield the body. Each piece overwrites the previous one: use it at once.

        Raises:
            IncompleteReplyError: the connection ended before the body did.
        """
        view = memoryview(bytearray(PIECE_BYTES))
        while True:
            try:
                count = self._response.readinto(view)
            except (OSError, http.client.HTTPException) as error:
                raise IncompleteReplyError(str(error) or type(error).__name__) from error
            if not count:
                break
            yield view[:count]
        if self._response.length:
            raise IncompleteReplyError(f"{self._response.length} bytes are missing")


@contextmanager
def answered(request: httpx.Request, trust: ssl.SSLContext, timeout: httpx.Timeout) -> Generator[BulkReply]:
    """Send a request and yield its reply.

    Args:
        request: built, with all headers; its body is in memory.
        trust: the trusted certificates.
        timeout: to connect, and to wait for each read.

    Raises:
        IncompleteReplyError: the server cannot be reached, or did not answer.
    """
    url = request.url
    connection = (
        http.client.HTTPSConnection(url.host, url.port, timeout=timeout.connect, context=trust)
        if url.scheme == "https"
        else http.client.HTTPConnection(url.host, url.port, timeout=timeout.connect)
    )
    with closing(connection):
        try:
            connection.connect()
            connection.sock.settimeout(timeout.read)
            target = url.raw_path.decode("ascii")
            connection.request(request.method, target, body=request.read(), headers=dict(request.headers))
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise IncompleteReplyError(str(error) or type(error).__name__) from error
        yield BulkReply(response)
