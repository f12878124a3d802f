"""Guesses: slows tries with passwords down, so that nobody finds one out and nobody keeps somebody else out.

A try is counted before anything is verified, in a transaction that has committed by then: of many at once no more are
evaluated than one after the other. It counts for its login and network, for its network, and for its login anywhere.
Each of the three slows down and none locks: the next try passes after a wait that doubles up to a bound, and one that
comes too early counts nothing. From a network where the login signed in not long ago, what others try elsewhere does
not count, so that guessing from everywhere at once does not keep the person out either.

A network is an IPv4 address or the first 64 bits of an IPv6 address: one customer's line has at least these.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

import structlog

from satchel.actions.context import Context
from satchel.db import credentials as rows
from satchel.db.credentials import Brake
from satchel.model.errors import TooManyRequests

FAILURES_PER_LOGIN = 10
"""Tries with one login from one network that need not wait."""
FAILURES_PER_ADDRESS = 100
"""Tries from one network, with whatever login."""
FAILURES_ANYWHERE = 100
"""Tries with one login, from whatever network."""
LONGEST_WAIT = timedelta(minutes=1)
LONGEST_WAIT_ANYWHERE = timedelta(seconds=10)
FAILURE_WINDOW = timedelta(minutes=10)
"""After how long without a try the count starts anew."""
NETWORK_KNOWN_FOR = timedelta(days=30)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A try that was counted: `own` is the key of its login and network, `others` are the further ones."""

    own: bytes
    others: Sequence[bytes]


async def count(context: Context, login: str, *, way: str, address: str | None) -> Try:
    """Count a try with a password; only then may the password be looked at.

    Args:
        way: what kind of password it is; those of one kind do not slow down those of another.

    Raises:
        TooManyRequests: it comes too early; nothing may be verified.
    """
    now = context.clock()
    network = network_of(address)
    own = Brake(key=_key(way, login, network), free=FAILURES_PER_LOGIN, longest=LONGEST_WAIT)
    brakes = [own]
    if address is not None:
        brakes.append(Brake(key=_key(way, "", network), free=FAILURES_PER_ADDRESS, longest=LONGEST_WAIT))
    anywhere = Brake(key=_key(way, login, "*"), free=FAILURES_ANYWHERE, longest=LONGEST_WAIT_ANYWHERE)
    async with context.database.write() as tx:
        for brake in brakes:
            if not await rows.count_try(tx, brake, now, FAILURE_WINDOW):
                raise _too_early(await rows.next_try_at(tx, brake) or now, way, address)  # nothing counts
        if await rows.is_known(tx, own.key, now):
            return Try(own=own.key, others=[brake.key for brake in brakes[1:]])
        if not await rows.count_try(tx, anywhere, now, FAILURE_WINDOW):
            raise _too_early(await rows.next_try_at(tx, anywhere) or now, way, address)
    return Try(own=own.key, others=[brake.key for brake in (*brakes[1:], anywhere)])


async def forgive(context: Context, counted: Try) -> None:
    """Take back a try whose password was right, and know its network from now on."""
    async with context.database.write() as tx:
        until = context.clock() + NETWORK_KNOWN_FOR
        await rows.forgive(tx, counted.own, others=counted.others, known_until=until)


async def is_worth_a_line(context: Context, login: str, *, way: str, address: str | None) -> bool:
    """Return whether a failure is to be written into a history: so many of a program, and then ever fewer.

    Nothing waits for it: a program's secret cannot be guessed, so that its failures slow nobody down.
    """
    brake = Brake(key=_key(way, login, network_of(address)), free=FAILURES_PER_LOGIN, longest=LONGEST_WAIT)
    async with context.database.write() as tx:
        return await rows.count_try(tx, brake, context.clock(), FAILURE_WINDOW)


def network_of(address: str | None) -> str:
    """Return the network of an address: of IPv6 the first 64 bits; what is no address stands for itself."""
    if address is None:
        return ""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found, 64), strict=False))


def _key(way: str, login: str, network: str) -> bytes:
    # The last part of `account/e-mail`: naming an account does not make it another login.
    email = login.strip().rpartition("/")[2].lower()
    return hashlib.sha256(f"{way}\0{email}\0{network}".encode()).digest()


def _too_early(passes_at: datetime, way: str, address: str | None) -> TooManyRequests:
    whole = passes_at if passes_at.microsecond == 0 else passes_at.replace(microsecond=0) + timedelta(seconds=1)
    _log.warning("sign_in.slowed", way=way, address=address, until=whole.isoformat())
    return TooManyRequests("Too many tries with passwords. Wait until the time given, then try again.", whole)
