"""Links to exports: they expire, and are for one user who signs in, or explicitly for anyone who has the address.

Like the links of files they carry no right: the issuer's own is asked again at each use.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime

from satchel.actions.context import Context
from satchel.actions.exports import requests
from satchel.actions.files import signing
from satchel.actions.files.links import MAX_LIFETIME_S, Link, issuer_of
from satchel.db import accounts as people
from satchel.db import keys
from satchel.model.actor import Actor
from satchel.model.errors import Forbidden, Gone, InvalidRequest, InvalidState, NotFound
from satchel.model.ids import ExportId, UserId
from satchel.model.transfer.exports import Export

_PURPOSE = b"satchel-export-link-1"
_NUMBERS = struct.Struct(">qqqqqq")
_ANYBODY = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedExport:
    """What a link to an export gives, in the name of its issuer.

    Attributes:
        audience: who must have signed in to use it; None for anybody.
    """

    actor: Actor
    export: Export
    audience: UserId | None


async def issue(
    context: Context, actor: Actor, export_id: ExportId, *, audience: UserId | None, lifetime_s: int | None
) -> Link:
    """Return a new link to an export that the actor may fetch; it never outlives the export.

    Args:
        context: the parts.
        actor: who issues it.
        export_id: which.
        audience: the one user whom it serves; None for anyone who has it.
        lifetime_s: in seconds; the setting's for links of files unless given.

    Raises:
        NotFound, Gone, InvalidState, Forbidden: as `exports.fetchable`.
        InvalidRequest: the lifetime is out of range, or there is no such user.
    """
    if lifetime_s is not None and not 1 <= lifetime_s <= MAX_LIFETIME_S:
        raise InvalidRequest(f"A link is valid for 1 to {MAX_LIFETIME_S} seconds.", pointer="/lifetime_s")
    if actor.user_id is None:
        raise InvalidRequest("Only users can issue links.")
    export = await requests.fetchable(context, actor, export_id)
    seconds = context.policy.link_lifetime.total_seconds() if lifetime_s is None else lifetime_s
    expires = int(min(context.clock().timestamp() + seconds, export.expires_at.timestamp()))
    async with context.database.read() as tx:
        if audience is not None and await people.user(tx, actor.account_id, audience) is None:
            raise InvalidRequest(f"There is no user {audience}.", pointer="/user")
        key = await keys.newest_key(tx)
    numbers = _NUMBERS.pack(actor.account_id, export_id, expires, key.id, actor.user_id, audience or _ANYBODY)
    token = signing.sign(key.secret, _PURPOSE, [numbers, context.entropy(signing.NONCE_BYTES)])
    return Link(token=token, name=export.name, expires_at=datetime.fromtimestamp(expires, UTC))


async def open_link(context: Context, token: str) -> OpenedExport:
    """Return what a link gives, after checking its signature, its time and its issuer's rights.

    Raises:
        Forbidden: the signature is not ours.
        Gone: it or its export has expired, or its issuer may no longer fetch it.
    """
    claimed = signing.read(token, parts=2)
    if len(claimed.parts[0]) != _NUMBERS.size:
        raise signing.refused()
    account, export_id, expires, key_id, issuer, audience = _NUMBERS.unpack(claimed.parts[0])
    actor = await issuer_of(context, claimed, _PURPOSE, account=account, issuer=issuer, key_id=key_id, expires=expires)
    try:
        export = await requests.fetchable(context, actor, ExportId(export_id))
    except (NotFound, Forbidden, InvalidState):
        raise Gone("This link has ended: its issuer may no longer fetch the export.") from None
    return OpenedExport(actor=actor, export=export, audience=None if audience == _ANYBODY else UserId(audience))


def require_audience(opened: OpenedExport, asking: Actor | None) -> None:
    """Pass only whom a link serves.

    Raises:
        Forbidden: it is for somebody else.
    """
    if opened.audience is None:
        return
    theirs = asking is not None and (asking.account_id, asking.user_id) == (opened.actor.account_id, opened.audience)
    if not theirs:
        raise Forbidden("This link is for another user. Sign in as that user, or request your own link.")
