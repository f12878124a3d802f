"""Signed links: download addresses that live for minutes and need no sign-in (files.md §6).

A link is (account, file, digest of its bytes' name, disposition, expiry, nonce, key, issuer), each part
length-prefixed, under HMAC-SHA-256. It carries no right of its own: when it is used, the issuer's right to the file
is checked again, so that revoking it, deleting the file or erasing the person ends the link at once.
"""

import hashlib
import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from satchel.actions import files
from satchel.actions.context import Context
from satchel.actions.credentials import actor_of
from satchel.actions.files import Content
from satchel.db import keys as rows
from satchel.model.actor import Actor
from satchel.model.errors import Forbidden, Gone, InvalidRequest, NotFound
from satchel.model.ids import AccountId, FileId, UserId

DISPOSITIONS = ("attachment", "inline")
_PREVIEW = "preview"
"""What stands for the disposition in a link to a file's small picture, which is shown."""

MAX_LIFETIME_S = 7 * 24 * 3600
"""The longest that a link may live, whoever asks."""

_VERSION = b"satchel-link-1"
_METHOD = b"GET"
_SIGNATURE_BYTES = 32
_NONCE_BYTES = 9
_NUMBERS = struct.Struct(">qqqqq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A signed address, relative to the public URL's link path, and when it ends."""

    token: str
    name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a link gives: bytes, shown or saved, in the name of its issuer."""

    actor: Actor
    content: Content
    disposition: str


async def issue(
    context: Context, actor: Actor, file_id: FileId, *, disposition: str = "attachment", lifetime_s: int | None = None
) -> Link:
    """Return a new link to a stored file that the actor may see.

    Raises:
        NotFound, Gone, Conflict: as `files.content`.
        InvalidRequest: the disposition is neither `attachment` nor `inline`, or the lifetime is out of range.
    """
    if disposition not in DISPOSITIONS:
        raise InvalidRequest("disposition must be attachment or inline.", pointer="/disposition")
    if lifetime_s is not None and not 1 <= lifetime_s <= MAX_LIFETIME_S:
        raise InvalidRequest(f"A link lives 1 to {MAX_LIFETIME_S} seconds.", pointer="/lifetime_s")
    if actor.user_id is None:
        raise InvalidRequest("Links are issued by users.")
    what = await files.content(context, actor, file_id)
    return await _issue(context, actor, what, disposition, lifetime_s)


async def issue_preview(context: Context, actor: Actor, file_id: FileId, *, lifetime_s: int) -> Link:
    """Return a new link to the small picture of an image file that the actor may see.

    Raises:
        NotFound: as `files.preview`; also where there is no preview (yet).
    """
    return await _issue(context, actor, await files.preview(context, actor, file_id), _PREVIEW, lifetime_s)


async def _issue(context: Context, actor: Actor, what: Content, disposition: str, lifetime_s: int | None) -> Link:
    seconds = context.policy.link_lifetime.total_seconds() if lifetime_s is None else lifetime_s
    expires = int(context.clock().timestamp() + seconds)
    async with context.database.read() as tx:
        key = await rows.newest_key(tx)
    body = _pack(
        [
            _NUMBERS.pack(actor.account_id, what.file.id, expires, key.id, actor.user_id),
            disposition.encode(),
            context.entropy(_NONCE_BYTES),
        ]
    )
    token = urlsafe_b64encode(body + _sign(key.secret, body)).rstrip(b"=").decode()
    return Link(token=token, name=what.name, expires_at=datetime.fromtimestamp(expires, UTC))


def address(public_url: str, link: Link) -> str:
    """Return where a link is opened, ending in the file's name."""
    return f"{public_url}/api/v1/links/{link.token}/{quote(link.name, safe='')}"


async def open_link(context: Context, token: str) -> Opened:
    """Return what a link gives, after checking its signature, its time and its issuer's right.

    Raises:
        Forbidden: the signature is not ours.
        Gone: it has expired, its file was deleted, or its issuer may no longer see the file.
    """
    body, signature = _split(token)
    numbers, disposition, _nonce = _unpack(body)
    account, file_id, expires, key_id, issuer = _NUMBERS.unpack(numbers)
    async with context.database.read() as tx:
        key = await rows.key(tx, key_id)
        if key is None or not hmac.compare_digest(_sign(key.secret, body), signature):
            raise _refused()
        if expires <= context.clock().timestamp():
            raise Gone("This link has expired. Ask for a new one.")
        actor = await actor_of(tx, AccountId(account), UserId(issuer))
    if actor is None:
        raise Gone("This link has ended: the one who made it may no longer sign in.")
    find = files.preview if disposition.decode() == _PREVIEW else files.content
    try:
        what = await find(context, actor, FileId(file_id))
    except NotFound:
        raise Gone("This link has ended: the file is gone, or the one who made it may no longer see it.") from None
    shown = "inline" if disposition.decode() == _PREVIEW else disposition.decode()
    return Opened(actor=actor, content=what, disposition=shown)


def _refused() -> Forbidden:
    return Forbidden("This link was not made here, or was changed. Ask for a new one.")


def _sign(secret: bytes, body: bytes) -> bytes:
    return hmac.new(secret, _pack([_VERSION, _METHOD, body]), hashlib.sha256).digest()


def _pack(parts: Sequence[bytes]) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _split(token: str) -> tuple[bytes, bytes]:
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (ValueError, Base64Error):
        raise _refused() from None
    if len(raw) <= _SIGNATURE_BYTES:
        raise _refused()
    return raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]


def _unpack(body: bytes) -> tuple[bytes, bytes, bytes]:
    parts: list[bytes] = []
    rest = body
    while rest:
        if len(rest) < 4:  # noqa: PLR2004  # a length has four bytes
            raise _refused()
        length = struct.unpack(">I", rest[:4])[0]
        part, rest = rest[4 : 4 + length], rest[4 + length :]
        if len(part) != length:
            raise _refused()
        parts.append(part)
    known = (*DISPOSITIONS, _PREVIEW)
    if len(parts) != 3 or len(parts[0]) != _NUMBERS.size or parts[1].decode("ascii", "replace") not in known:  # noqa: PLR2004  # as packed
        raise _refused()
    return parts[0], parts[1], parts[2]
