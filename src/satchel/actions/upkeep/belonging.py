"""Whether a database, a folder of files and a key of secrets belong together; checked whenever they are opened.

A server with the right database and the wrong folder would show every file as lost, and its sweep would delete the
files of the other server. A server with another key than the one before cannot open the secrets of that one, and seals
new ones that the other cannot open. Both start without an error of their own, so that the store has an identity, in the
database and in the folder, and the key is checked against a constant that it sealed.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog

from satchel.actions.vault import Vault
from satchel.blobs.local import LocalBlobs
from satchel.db import stores as rows
from satchel.db.pool import Database, Reader
from satchel.db.stores import SealedSecret, StoreRow
from satchel.model.causes import errno_of
from satchel.model.errors import InvalidSettings, SettingFault, Unavailable
from satchel.model.ids import AccountId, Entropy

SAMPLE = 10
"""How many of the oldest blobs, and of the newest, are looked up in a folder without an identity."""

_UUID_BYTES: Final = 16
_NOBODY: Final = AccountId(0)
_CHECK_NAME: Final = "check"
_CHECK: Final = "satchel"

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def check_files(
    database: Database, blobs: LocalBlobs, entropy: Entropy, *, adopts: bool, may_be_unreadable: bool = False
) -> None:
    """Require that a folder has the files of this database.

    Where one of them has no identity yet, it gets that of the other (both get a new one if neither has one), if both
    are empty, or if the database is older than identities and has most of its files in the folder.

    Args:
        database: of the server.
        blobs: its folder; created if need be where it is adopted.
        entropy: for a new identity.
        adopts: whether to record an identity that one of them does not have. If not, only the check is done.
        may_be_unreadable: whether a folder passes whose identity the system does not read; for what changes nothing.

    Raises:
        Unavailable: they do not belong together, or the system does not read the identity; nothing was changed.
    """
    async with database.read() as tx:
        known = await rows.store(tx)
    try:
        found = await blobs.identity()
    except Unavailable as error:
        if may_be_unreadable and errno_of(error) is not None:
            return
        raise
    if known.id is not None and known.id == found:
        return
    if not await _may_adopt(database, blobs, known, found):
        raise _foreign(blobs, known, found)
    if not adopts:
        return
    # The folder first: where a process dies between the two, the next finds a database that has none.
    found = await blobs.identify(known.id or found or _new_identity(entropy))
    async with database.write() as tx:
        await rows.set_id(tx, None, found)
    async with database.read() as tx:
        known = await rows.store(tx)
    if known.id != found:
        raise _foreign(blobs, known, found)


async def accept_files(database: Database, blobs: LocalBlobs, entropy: Entropy) -> None:
    """Record that a folder has the files of this database, whatever it has, because an administrator says so.

    Raises:
        DiskFull, Unavailable: the identity cannot be written.
    """
    async with database.read() as tx:
        known = await rows.store(tx)
    identity = known.id or _new_identity(entropy)
    await blobs.identify(identity, replaces=True)
    async with database.write() as tx:
        await rows.set_id(tx, known.id, identity)


async def has_key(database: Database) -> bool:
    """Return whether there has been a key: a new one could not open what that one sealed."""
    async with database.read() as tx:
        known = await rows.store(tx)
        return known.key_check is not None or bool(await rows.all_sealed(tx))


async def check_key(database: Database, vault: Vault, entropy: Entropy, *, place: str, adopts: bool) -> None:
    """Require that a key is the one with which this database's secrets are sealed.

    A database of before the check has none: there the key has to open one of the secrets at least, if there are any.
    Those that it does not open are logged.

    Args:
        database: of the server.
        vault: with the key.
        entropy: to seal with.
        place: where the key is from, for the message.
        adopts: whether to record what the key is checked against from now on, if there is nothing yet.

    Raises:
        InvalidSettings: it is another key; nothing was changed.
    """
    async with database.read() as tx:
        known = await rows.store(tx)
        sealed = await rows.all_sealed(tx) if known.key_check is None else []
    if known.key_check is None:
        unopened = _unopened(vault, sealed)
        if sealed and len(unopened) == len(sealed):
            raise _other_key(vault, place, f"it opens none of the {len(sealed)} secrets in the database")
        if not adopts:
            return
        for one in unopened:
            _log.warning("secret.sealed_with_another_key", account=one.account, name=one.name)
        await _set_key(database, vault, entropy, replaces=False)
        async with database.read() as tx:
            known = await rows.store(tx)
    if known.key_check is None or vault.open(_NOBODY, _CHECK_NAME, known.key_check) != _CHECK:
        raise _other_key(vault, place, f"that of the database's key is {known.key_fingerprint}")


async def accept_key(database: Database, vault: Vault, entropy: Entropy) -> None:
    """Check keys against this one from now on."""
    await _set_key(database, vault, entropy, replaces=True)


async def unopened(tx: Reader, vault: Vault) -> list[SealedSecret]:
    """Return the secrets that this key does not open: they have to be set again."""
    return _unopened(vault, await rows.all_sealed(tx))


def _unopened(vault: Vault, sealed: Sequence[SealedSecret]) -> list[SealedSecret]:
    return [one for one in sealed if vault.open(one.account_id, one.name, one.sealed) is None]


async def _set_key(database: Database, vault: Vault, entropy: Entropy, *, replaces: bool) -> None:
    check = vault.seal(_NOBODY, _CHECK_NAME, _CHECK, entropy)
    async with database.write() as tx:
        await rows.set_key(tx, check, vault.fingerprint, replaces=replaces)


async def _may_adopt(database: Database, blobs: LocalBlobs, known: StoreRow, found: UUID | None) -> bool:
    if known.id is not None and found is not None:
        return False
    async with database.read() as tx:
        sample = await rows.some_blobs(tx, SAMPLE)
    if not sample:
        return await _is_empty(blobs)
    if known.id is not None or not known.was_in_use:
        return False
    present = 0
    for account, digest in sample:
        (status,) = await blobs.stat_many(account, [digest])
        present += status.size is not None
    return present * 2 >= len(sample)  # some may be lost, and the newest are if the folder is from a backup


async def _is_empty(blobs: LocalBlobs) -> bool:
    async for _ in blobs.list():
        return False
    return True


def _new_identity(entropy: Entropy) -> UUID:
    return UUID(bytes=entropy(_UUID_BYTES), version=4)


def _foreign(blobs: LocalBlobs, known: StoreRow, found: UUID | None) -> Unavailable:
    database = f"is of store {known.id}" if known.id else "has no store yet"
    folder = f"is of store {found}" if found else "has no store yet"
    return Unavailable(
        f"The database {known.database} and the files in {blobs.root.absolute()} do not belong together: the database"
        f" {database}, the folder {folder}, and they do not have the same files. Check that the folder is mounted, "
        "SATCHEL_DATA_DIRECTORY (--data) and SATCHEL_DATABASE_URL; restore both from the same backup. If this folder "
        "is to be the database's from now on, run `satchel admin store accept-files`."
    )


def _other_key(vault: Vault, place: str, why: str) -> InvalidSettings:
    message = (
        f"is not the key of this database: its fingerprint is {vault.fingerprint}, and {why}. Use the key of the "
        "server's other machines, or of the backup; if that is lost, run `satchel admin store accept-key` and set "
        "the secrets again that it lists"
    )
    return InvalidSettings([SettingFault(name=place, message=message)])
