"""A large answer taken by the standard library's HTTP client, from the connection into one buffer.

httpx copies each piece four times on its way (h11 keeps it in between), which is half of what an export of small files
costs. Each request has a connection of its own: what is asked for this way is pages of files, some dozens of MiB each.
"""

import http.client
import ssl
import urllib.request
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager

import httpx

PIECE_BYTES = 256 * 1024


class IncompleteReplyError(Exception):
    """No whole answer came."""


def is_open_to(url: httpx.URL) -> bool:
    """Return whether a server is asked directly; the ways through proxies are left to httpx."""
    return not urllib.request.getproxies() or bool(urllib.request.proxy_bypass(url.host))


class BulkReply:
    """An answer whose body is still to come."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.getheaders()}

    def pieces(self) -> Iterator[memoryview]:
        """Give the body. Each piece lies where the one before did: it is to be used up at once.

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
            raise IncompleteReplyError(f"{self._response.length} bytes did not come")


@contextmanager
def answered(request: httpx.Request, trust: ssl.SSLContext, timeout: httpx.Timeout) -> Generator[BulkReply]:
    """Send a request and lend its answer.

    Args:
        request: built, with all headers; its body is in memory.
        trust: whose certificates count.
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
