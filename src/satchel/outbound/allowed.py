"""The administrator's list of allowed private addresses: networks or host names, each with one port."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from satchel.outbound.addresses import Address, is_never_allowed

_ENTRY = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+(?:/[0-9]{1,3})?)\]|(?P<host>[^\s:\[\]@]+)):(?P<port>[0-9]{1,5})")
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9./]+")
_TOP_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """One entry of the administrator's list: a network or a host name, at one port."""

    network: IPv4Network | IPv6Network | None
    name: str | None
    port: int

    def covers(self, host: str, address: Address, port: int) -> bool:
        """Return whether the entry allows a call to `host` at `address`.

        A name allows no link-local address and no multicast group: those must be listed as addresses.
        """
        if port != self.port:
            return False
        if self.network is not None:
            return address.version == self.network.version and address in self.network
        return _folded(host) == self.name and not is_never_allowed(address)


def parse_allowed(text: str) -> Allowed:
    """Read one entry.

    Raises:
        ValueError: it is neither `host:port` nor `network:port`.
    """
    match = _ENTRY.fullmatch(text.strip())
    port = int(match["port"]) if match else 0
    if match is None or not 0 < port <= _TOP_PORT:
        raise ValueError(f"{text!r} is not host:port or network:port")
    host = match["six"] or match["host"]
    if match["six"] or _NUMERIC.fullmatch(host):
        return Allowed(network=ip_network(host), name=None, port=port)
    if not _NAME.fullmatch(_folded(host)):
        raise ValueError(f"{text!r} names no host")
    return Allowed(network=None, name=_folded(host), port=port)


def _folded(host: str) -> str:
    return host.lower().removesuffix(".")
