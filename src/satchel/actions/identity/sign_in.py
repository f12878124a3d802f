"""Signing in with an e-mail and a password, which may fit in one account or in several.

An e-mail is unique within its account only. A plain one is tried in every account that has it; `account/e-mail` in the
account of that name. Whatever is wrong, the answer, the work and its time are the same: argon2 runs as often for an
e-mail that nobody has. Where several accounts fit, their names are told, but only behind the right password.

API passwords are 256 random bits. They are found by their SHA-256 and never counted as guesses, so that nobody's
guessing keeps a program out; those of earlier releases, which have an argon2 hash, are counted apart.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.identity import guesses
from satchel.actions.identity.actors import as_actor
from satchel.actions.tokens import token_hash
from satchel.db import accounts as users
from satchel.db import credentials as rows
from satchel.db.accounts import Member
from satchel.db.credentials import UserIdentity
from satchel.model.actor import Actor, system
from satchel.model.errors import ChooseAccount, Unauthenticated
from satchel.model.ids import AccountId

API_PASSWORD = "api_password"  # noqa: S105  # a kind
PREFIX_FORMAT = "ap{}_"
"""How an API password begins: with the number of its account."""

RUNS = 3
"""How often argon2 runs for a plain e-mail at least; for one in more accounts than that, a multiple of it."""

_PREFIX = re.compile(r"ap[0-9]+_")
_MOST_NAMED = 10
"""Accounts in whose history a failure is written; one e-mail in more of them is nobody's daily life."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Whom an e-mail may mean, and the hashes to try: (whose, its credential's number, the hash)."""

    members: Sequence[Member]
    hashes: Sequence[tuple[Member, rows.Credential]]
    least: int


async def by_password(
    context: Context,
    login: str,
    password: str,
    *,
    kind: str,
    address: str | None,
    account: str | AccountId | None = None,
    prefers: AccountId | None = None,
    may_choose: bool = False,
) -> Actor:
    """Return the actor of an e-mail with a password (`kind` `password`) or API password (`api_password`).

    Args:
        context: of the server.
        login: an e-mail, or `account/e-mail`.
        password: as it was given.
        kind: of the password.
        address: of the client.
        account: the name or number of the one account that is meant.
        prefers: the account that is meant where the password fits several.
        may_choose: whether the client can name an account and come again.

    Raises:
        Unauthenticated: the e-mail is unknown, the password wrong, or the user may not sign in; the three answer alike.
            Also where it fits several accounts and the client cannot choose.
        ChooseAccount: it fits several accounts; come again with one of them.
        TooManyRequests: too many tries with this login or from this network; wait.
    """
    if kind == API_PASSWORD and _PREFIX.match(password):
        return await _by_random_password(context, login, password, address=address)
    counted = await guesses.count(context, login, way=kind, address=address)
    found = await _find(context, login, kind, account)
    stored = [credential.password_hash for _, credential in found.hashes]
    short = -len(stored) % found.least if stored else found.least
    matches = await context.passwords.matches_each([*stored, *([None] * short)], password)
    fits: dict[AccountId, tuple[Member, UserIdentity]] = {}
    async with context.database.read() as tx:
        for (member, credential), is_match in zip(found.hashes, matches, strict=False):
            who = await rows.identity_by_credential(tx, member.account_id, credential.id) if is_match else None
            if who is not None:
                fits.setdefault(member.account_id, (member, who))
    if fits:
        await guesses.forgive(context, counted)
    chosen = fits.get(prefers) if prefers is not None else None
    if chosen is None and len(fits) == 1:
        (chosen,) = fits.values()
    if chosen is not None:
        return as_actor(chosen[1], address)
    if fits and may_choose:
        raise ChooseAccount([member.account for member, _ in fits.values()])
    reason = "several_accounts" if fits else "wrong_password"
    shown = [member for member, _ in fits.values()] or found.members
    await _note_failure(context, counted, shown, way=kind, reason=reason, address=address)
    raise Unauthenticated("The e-mail or the password is wrong.")


async def _by_random_password(context: Context, login: str, password: str, *, address: str | None) -> Actor:
    async with context.database.read() as tx:
        who = await rows.identity_by_token(tx, token_hash(password))
        name = (await users.account(tx, who.account_id)).name if who is not None else ""
    if who is not None and who.kind == API_PASSWORD and not _is_over(who.expires_at, context.clock()):
        email = (who.email or "").lower()
        if login.strip().lower() in (email, f"{name}/{email}".lower()):
            return as_actor(who, address)
    _log.warning("sign_in.failed", way=API_PASSWORD, address=address, reason="wrong_password")
    raise Unauthenticated("The e-mail or the password is wrong.")


async def _find(context: Context, login: str, kind: str, account: str | AccountId | None) -> _Found:
    """Return whom a login may mean; of one that names its account, argon2 need not run for others."""
    text = login.strip()
    parts = text.split("/")
    pairs = {("/".join(parts[:end]), "/".join(parts[end:])) for end in range(len(parts))}  # ("", text) among them
    now = context.clock()
    async with context.database.read() as tx:
        known = await users.users_signing_in(tx, [email for _, email in pairs])
        members = [
            one
            for one in known
            if any(email.lower() == one.email.lower() and name in ("", one.account) for name, email in pairs)
            and (account is None or account in (one.account, one.account_id))
        ]
        hashes = [
            (member, credential)
            for member in members
            for credential in await rows.passwords_of(tx, member.account_id, member.id, kind)
            if credential.password_hash is not None and not _is_over(credential.expires_at, now)
        ]
    return _Found(members=members, hashes=hashes, least=RUNS if account is None and len(parts) == 1 else 1)


def _is_over(expires_at: datetime | None, now: datetime) -> bool:
    return expires_at is not None and expires_at <= now


async def _note_failure(
    context: Context, counted: guesses.Try, members: Sequence[Member], *, way: str, reason: str, address: str | None
) -> None:
    """Write a failure into the log, and into the history of the accounts that it was for.

    Where a wrong password came for an e-mail of several accounts, only one of them was meant: the others' do not learn
    from where. The transaction has a change for every e-mail, known or not, so that it takes as long.
    """
    said = None if reason == "wrong_password" and len(members) > 1 else address
    async with context.database.write() as tx:
        await rows.touch_tries(tx, counted.own)
        for member in members[:_MOST_NAMED]:
            actor = replace(system(member.account_id), address=said)
            await write_event(tx, context, actor, "sign_in.failed", {"user": member.id, "way": way, "reason": reason})
    _log.warning("sign_in.failed", way=way, address=address, reason=reason, users=[one.id for one in members])


async def note_program_failure(
    context: Context, account: AccountId | None, data: Mapping[str, object], *, way: str, name: str, address: str | None
) -> None:
    """Write that a program's id and secret did not fit: into the log, and into the history where its account is known.

    Args:
        context: of the server.
        account: of the program that has this id, if there is one.
        data: which program it is.
        way: as what it signed in.
        name: its id, as it was sent.
        address: of the client.
    """
    _log.warning("sign_in.failed", way=way, address=address, reason="wrong_secret", **data)
    if account is None or not await guesses.is_worth_a_line(context, name, way=way, address=address):
        return
    async with context.database.write() as tx:
        actor = replace(system(account), address=address)
        await write_event(tx, context, actor, "sign_in.failed", {**data, "way": way, "reason": "wrong_secret"})
