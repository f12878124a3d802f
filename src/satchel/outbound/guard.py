"""The guard: the addresses to which an outgoing request may be sent (security.md, rules 7 and 8).

A name is resolved once, every answer is checked, and the connection is made to the checked address, so that
a second answer of the name server has no effect. Public addresses are allowed, and those of the administrator's list:
`127.0.0.1:9000`, `10.1.0.0/16:443`, `[fd00::/8]:8443` or `archive.internal:8443`, each with one port. Proxies of
the environment are ignored.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import cast

import httpcore

from satchel.outbound.addresses import Address, is_public
from satchel.outbound.allowed import Allowed
from satchel.outbound.failure import CallFailed
from satchel.outbound.resolver import Resolver

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host name as text; raises OSError if there are none."""

SocketOptions = Iterable[tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]]

MAX_ADDRESSES = 8
"""How many addresses of one name are tried; more are ignored."""

# The bad ports of the Fetch standard (fetch.spec.whatwg.org, "port blocking"): services that could interpret the text
# of an HTTP request as their own commands.
_BAD_PORTS = frozenset(
    (
        *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109),
        *(110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530),
        *(531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045),
        *(4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Decides where a connection may go."""

    allowed: tuple[Allowed, ...] = ()
    resolve: Resolve = field(default_factory=Resolver)

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Resolve a host once and return its addresses, all of which may be connected to.

        One forbidden answer among several refuses them all: a name with a private address is not trusted.

        Args:
            host: of the URL, without the brackets of IPv6.
            port: 1 to 65535.

        Raises:
            CallFailed: `dns` (temporary), `forbidden_address` or `forbidden_port`.
        """
        try:
            found = [ip_address(text) for text in (await self.resolve(host, port))[:MAX_ADDRESSES]]
        except (OSError, ValueError) as error:
            raise CallFailed("dns", f"The host {host[:255]} has no address.", is_temporary=True) from error
        if not found:
            raise CallFailed("dns", f"The host {host[:255]} has no address.", is_temporary=True)
        for address in found:
            self._check(host, address, port)
        return [str(address) for address in found]

    def check_literal(self, host: str, port: int) -> None:
        """Check a host that is an address by itself; of a name, only the name server knows more.

        Raises:
            CallFailed: `forbidden_address` or `forbidden_port`: a connection would be refused.
        """
        try:
            address = ip_address(host)
        except ValueError:
            return
        self._check(host, address, port)

    def _check(self, host: str, address: Address, port: int) -> None:
        if any(entry.covers(host, address, port) for entry in self.allowed):
            return
        if not is_public(address):
            raise CallFailed(
                "forbidden_address",
                f"{host[:255]} has an address that is not a public address; nothing was sent. An administrator "
                f"can allow it with SATCHEL_OUTBOUND_ALLOW={_shown(host)}:{port}.",
            )
        if port in _BAD_PORTS:
            raise CallFailed(
                "forbidden_port", f"Port {port} is another service's than HTTP's; nothing was sent to {host[:255]}."
            )


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens the HTTP client's connections: only to addresses that the guard has just checked.

    Attributes:
        resolving: the host whose addresses are being resolved; empty otherwise.
    """

    def __init__(self, guard: Guard) -> None:
        self.resolving = ""
        self._guard = guard
        self._network = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers; `timeout` is for all of them together.

        Raises:
            CallFailed: the guard refuses the host.
            httpcore.ConnectError, httpcore.ConnectTimeout: none of its addresses answers.
        """
        try:
            async with asyncio.timeout(timeout):
                self.resolving = host
                addresses = await self._guard.addresses(host, port)
                self.resolving = ""
                for address in addresses[:-1]:
                    try:
                        return await self._dial(address, port, local_address, socket_options)
                    except httpcore.ConnectError:
                        continue
                return await self._dial(addresses[-1], port, local_address, socket_options)
        except TimeoutError as error:
            if self.resolving and timeout is not None:
                raise unanswered(host, timeout, "timeout") from error  # as where it does not connect
            raise httpcore.ConnectTimeout(str(error)) from error

    async def _dial(
        self, address: str, port: int, local_address: str | None, socket_options: SocketOptions | None
    ) -> httpcore.AsyncNetworkStream:
        return await self._network.connect_tcp(
            address, port, local_address=local_address, socket_options=socket_options
        )

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: SocketOptions | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: calls to sockets of this machine's file system are not allowed."""
        del timeout, socket_options
        raise CallFailed("forbidden_address", f"Calls go to http and https addresses, not to {path[:80]}.")

    async def sleep(self, seconds: float) -> None:
        """Wait, as the client's own retries would; they are off."""
        await asyncio.sleep(seconds)


class ExchangeNetwork(httpcore.AsyncNetworkBackend):
    """The network of one exchange: it keeps the connection, so that it is closed in every case.

    The client does not close one whose TLS handshake is cancelled.
    """

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend
        self._stream: httpcore.AsyncNetworkStream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect, and keep the connection."""
        self._stream = await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        return self._stream

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: SocketOptions | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Refuse, as the guard does."""
        return await self._backend.connect_unix_socket(path, timeout, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._backend.sleep(seconds)

    async def close(self) -> None:
        """Close the connection, if it is still open."""
        if self._stream is not None:
            with suppress(OSError, httpcore.NetworkError):
                await self._stream.aclose()


def unanswered(host: str, seconds: float, reason: str = "dns") -> CallFailed:
    """Return the failure of a call whose time was over before a name server answered."""
    message = f"No name server returned the address of {host[:255]} within {seconds:g} s; nothing was sent."
    return CallFailed(reason, message, is_temporary=True)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
