"""Public addresses: a call may reach them without permission of the administrator.

A short positive list, because `ipaddress.is_global` alone is wrong: it treats several forms as global that a network
translates into private IPv4. IPv6 is public only within 2000::/3, and for every form that embeds an IPv4 address
that one is checked as well.

Sources: IANA's special-purpose registries for IPv4 and IPv6; RFC 4291 §2.5.5 (mapped and compatible), RFC 2765 §2.1
(translated), RFC 6052 (NAT64), RFC 8215 (local NAT64), RFC 3056 (6to4), RFC 4380 (Teredo), RFC 5214 (ISATAP); and
Microsoft's documentation of 168.63.129.16, which answers virtual machines in Azure from inside.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20"))
_NAT64 = IPv6Network("64:ff9b::/96")
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")
_COMPATIBLE = IPv6Network("::/96")
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE, 0x0100_5EFE, 0x0300_5EFE})
_LOCAL_LINKS = (IPv4Network("169.254.0.0/16"), IPv6Network("fe80::/10"))
_LOW_32 = 0xFFFF_FFFF


def is_public(address: Address) -> bool:
    """Return whether an address is public, in any of its forms."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address.scope_id is not None:
        return False
    inner = carried(address)
    if inner is not None and not is_public(inner):
        return False
    if address.ipv4_mapped is not None or address in _NAT64:
        return True
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)


def carried(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address embedded in an IPv6 address, or None."""
    number = int(address)
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in (_NAT64, _TRANSLATED, _COMPATIBLE)) or (
        (number >> 32) & _LOW_32 in _ISATAP
    ):
        return IPv4Address(number & _LOW_32)
    return None


def is_never_allowed(address: Address) -> bool:
    """Return whether an address is forbidden even if the administrator allows its host name.

    Cloud machines serve their own credentials on link-local addresses; the unspecified address and multicast groups
    are no machine at all.
    """
    inner = carried(address) if isinstance(address, IPv6Address) else None
    if inner is not None and is_never_allowed(inner) and inner != IPv4Address("0.0.0.1"):
        return True
    is_azure = address == IPv4Address("168.63.129.16")
    is_local = any(address in network for network in _LOCAL_LINKS if network.version == address.version)
    return is_azure or is_local or address.is_multicast or address.is_unspecified
