"""Signed links: download addresses that live for minutes and need no sign-in (files.md §6).

A link is (account, file, digest of its bytes' name, disposition, expiry, nonce, key, issuer), each part
length-prefixed, under HMAC-SHA-256. It carries no right of its own: when it is used, the issuer's right to the file
is checked again, so that revoking it, deleting the file or erasing the person ends the link at once.
"""

import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from satchel.actions.context import Context
from satchel.actions.files import attached, signing, unclaimed
from satchel.actions.files.attached import StoredBytes
from satchel.actions.identity.credentials import actor_of
from satchel.db import keys as rows
from satchel.db.keys import SigningKey
from satchel.model.actor import Actor
from satchel.model.errors import Gone, InvalidRequest, NotFound
from satchel.model.files import File
from satchel.model.ids import AccountId, FileId, UploadId, UserId
from satchel.model.uploads import Upload

DISPOSITIONS = ("attachment", "inline")
_PREVIEW = "preview"
"""What stands for the disposition in a link to a file's small picture, which is shown."""

_UPLOAD = "upload"
"""What stands for it in a link to an upload that no form has named yet; of the file, once it is one."""

MAX_LIFETIME_S = 7 * 24 * 3600
"""The longest that a link may live, for any caller."""

_PURPOSE = b"satchel-link-1"
_NUMBERS = struct.Struct(">qqqqq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A signed address, relative to the public URL's link path, and when it ends."""

    token: str
    name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFile:
    """What a link gives: bytes, shown or saved, in the name of its issuer."""

    actor: Actor
    content: StoredBytes
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
        raise InvalidRequest(f"A link is valid for 1 to {MAX_LIFETIME_S} seconds.", pointer="/lifetime_s")
    if actor.user_id is None:
        raise InvalidRequest("Only users can issue links.")
    what = await attached.content(context, actor, file_id)
    return await _issue(context, actor, file_id, what.name, disposition=disposition, lifetime_s=lifetime_s)


async def issue_preview(context: Context, actor: Actor, file_id: FileId, *, lifetime_s: int) -> Link:
    """Return a new link to the small picture of an image file that the actor may see.

    Raises:
        NotFound: as `files.preview`; also where there is no preview (yet).
    """
    what = await attached.preview(context, actor, file_id)
    return await _issue(context, actor, file_id, what.name, disposition=_PREVIEW, lifetime_s=lifetime_s)


async def issue_upload(context: Context, actor: Actor, upload: Upload, *, lifetime_s: int) -> Link:
    """Return a new link to the bytes of an upload that no form has named yet; it stays good when one does.

    Raises:
        NotFound: as `satchel.actions.files.unclaimed.content`.
    """
    what = await unclaimed.content(context, actor, upload.id)
    number = FileId(upload.id)  # the file that it becomes has the same one
    return await _issue(context, actor, number, what.name, disposition=_UPLOAD, lifetime_s=lifetime_s)


async def _issue(
    context: Context, actor: Actor, number: FileId, name: str, *, disposition: str, lifetime_s: int | None
) -> Link:
    async with context.database.read() as tx:
        key = await rows.newest_key(tx)
    return _signed(context, actor, key, number, name, disposition=disposition, lifetime_s=lifetime_s)


async def issue_shown(
    context: Context, actor: Actor, files_shown: Iterable[File], *, lifetime_s: int | None = None
) -> dict[FileId, Link]:
    """Return a new link to each stored one of the files that the actor was shown a moment ago, at one look-up.

    Whether they may see it is asked when a link is used, as of every link.
    """
    async with context.database.read() as tx:
        key = await rows.newest_key(tx)
    return signed(context, actor, key, files_shown, lifetime_s=lifetime_s)


def signed(
    context: Context, actor: Actor, key: SigningKey, files_shown: Iterable[File], *, lifetime_s: int | None = None
) -> dict[FileId, Link]:
    """Return the links of `issue_shown`, signed with the newest key."""
    stored = [file for file in files_shown if file.digest is not None]
    return {file.id: _signed(context, actor, key, file.id, file.name, lifetime_s=lifetime_s) for file in stored}


def _signed(
    context: Context,
    actor: Actor,
    key: SigningKey,
    file_id: FileId,
    name: str,
    *,
    disposition: str = DISPOSITIONS[0],
    lifetime_s: int | None = None,
) -> Link:
    seconds = context.policy.link_lifetime.total_seconds() if lifetime_s is None else lifetime_s
    expires = int(context.clock().timestamp() + seconds)
    numbers = _NUMBERS.pack(actor.account_id, file_id, expires, key.id, actor.user_id)
    parts = [numbers, disposition.encode(), context.entropy(signing.NONCE_BYTES)]
    token = signing.sign(key.secret, _PURPOSE, parts)
    return Link(token=token, name=name, expires_at=datetime.fromtimestamp(expires, UTC))


def address(public_url: str, link: Link) -> str:
    """Return where a link is opened, ending in the file's name."""
    return f"{public_url}/api/v1/links/{link.token}/{quote(link.name, safe='')}"


async def open_link(context: Context, token: str) -> OpenedFile:
    """Return what a link gives, after checking its signature, its time and its issuer's right.

    Raises:
        Forbidden: the signature is not ours.
        Gone: it has expired, its file was deleted, or its issuer may no longer see the file.
    """
    claimed = signing.read(token, parts=3)
    disposition = claimed.parts[1].decode("ascii", "replace")
    if len(claimed.parts[0]) != _NUMBERS.size or disposition not in (*DISPOSITIONS, _PREVIEW, _UPLOAD):
        raise signing.refused()
    account, file_id, expires, key_id, issuer = _NUMBERS.unpack(claimed.parts[0])
    actor = await issuer_of(context, claimed, _PURPOSE, account=account, issuer=issuer, key_id=key_id, expires=expires)
    try:
        what = await _linked(context, actor, file_id, disposition)
    except NotFound:
        raise Gone("This link has ended: the file was deleted, or its issuer may no longer see it.") from None
    shown_as = {_PREVIEW: "inline", _UPLOAD: "attachment"}.get(disposition, disposition)
    return OpenedFile(actor=actor, content=what, disposition=shown_as)


async def _linked(context: Context, actor: Actor, number: int, disposition: str) -> StoredBytes:
    if disposition == _PREVIEW:
        return await attached.preview(context, actor, FileId(number))
    if disposition == _UPLOAD:
        with suppress(NotFound):
            return await unclaimed.content(context, actor, UploadId(number))
    return await attached.content(context, actor, FileId(number))


async def issuer_of(
    context: Context, claimed: signing.Claimed, purpose: bytes, *, account: int, issuer: int, key_id: int, expires: int
) -> Actor:
    """Return who issued a link, with their rights of this moment, after checking its signature and its time.

    Args:
        context: of the server.
        claimed: the link's token.
        purpose: what it was signed for.
        account, issuer, key_id: what it says of who made it, and with which key.
        expires: when it says that it ends, in seconds since 1970.

    Raises:
        Forbidden: the signature is not ours.
        Gone: it has expired, or its issuer may no longer sign in.
    """
    async with context.database.read() as tx:
        key = await rows.key(tx, key_id)
        if key is None or not signing.is_ours(key.secret, purpose, claimed):
            raise signing.refused()
        if expires <= context.clock().timestamp():
            raise Gone("This link has expired. Request a new one.")
        actor = await actor_of(tx, AccountId(account), UserId(issuer))
    if actor is None:
        raise Gone("This link has ended: its issuer may no longer sign in.")
    return actor


async def rotate_key(context: Context) -> None:
    """Sign links with a new key from now on; those that were made before, to files and to exports, are refused.

    Only the server's own administration calls this: the key is the same for all accounts.
    """
    async with context.database.write() as tx:
        await rows.rotate_key(tx, context.entropy(signing.KEY_BYTES), context.clock())
