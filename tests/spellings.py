"""Addresses that no call may reach, in every spelling that somebody might hope is overlooked; and a try."""

import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from satchel.outbound.failure import CallFailed
from satchel.outbound.http import Bounds, HttpClient
from satchel.outbound.request import Request
from satchel.outbound.target import Target

LOOPBACK = (
    *("127.0.0.1", "127.0.0.2", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.0.0.1"),
    *("0x7f.1", "0X7F.0X0.0X0.0X1", "0177.0.0.1", "0177.1", "017700000001", "0177.0x0.0.1", "127.0.0.01", "0"),
    *("0.0.0.0", "0x0", "00000000000", "127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "loopback.example"),  # noqa: S104  # never bound
    *("①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000::0001]"),  # noqa: RUF001  # on purpose
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[::7f00:1]"),
    *("[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]"),
    *("[2002:7f00:1::]", "[2002:7f00:0001:0:0:0:0:1]", "[2001:0:7f00:1::1]", "[2001::80ff:fffe]"),
    *("[2a00:1450:4001:80b:0:5efe:7f00:1]", "[2a00:1450:4001:80b:200:5efe:127.0.0.1]"),
)
INSIDE = (
    *("10.0.0.1", "10.255.255.255", "0xa.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "3232235777", "100.64.0.1"),
    *("169.254.169.254", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "[::ffff:169.254.169.254]"),
    *("[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[fd00:ec2::254]", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]"),
    *("168.63.129.16", "100.100.100.200", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255", "[ff02::1]"),
    *("metadata.example", "mixed.example", "[100::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "192.0.2.1"),
)
NAMES = {
    "localhost": ["127.0.0.1"],
    "loopback.example": ["127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "mixed.example": ["93.184.215.14", "10.0.0.1"],
}
QUICK = Bounds(connect=timedelta(seconds=5), idle=timedelta(seconds=5), total=timedelta(seconds=20), redirects=3)


async def offline(host: str, port: int) -> Sequence[str]:
    """Resolve as the machine does, but names only from the table: tests ask no name server."""
    known = NAMES.get(host.lower().removesuffix("."))
    if known is not None:
        return known
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)]


async def attempt(client: HttpClient, url: str, *, quickly: bool = False) -> str:
    """Send a GET and return the status, or the reason why not; `quickly` gives up on who does not answer at once."""
    bounds = replace(QUICK, idle=timedelta(milliseconds=100)) if quickly else QUICK
    try:
        async with client.send(Request(method="GET", target=Target.parse(url)), bounds) as reply:
            return str(reply.status)
    except CallFailed as failed:
        return failed.reason
