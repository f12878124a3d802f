"""The identity of a store's folder: a UUID in a file of it, by which a database knows its own files.

All of it blocks. The file is written beside the others, made durable, and then gets its name, as a blob does.
"""

import os
from pathlib import Path
from uuid import UUID

from satchel.blobs.layout import INCOMING, STORE_ID, StoreLayout, storage_errors
from satchel.model.errors import Unavailable

_KEPT = "nothing was changed. Repair that and start again."


def read_identity(root: Path) -> UUID | None:
    """Return the identity of a folder; None if it has none, or if there is no folder.

    Raises:
        Unavailable: it cannot be read, or the file holds something else.
    """
    path = root / STORE_ID
    with storage_errors(_KEPT):
        try:
            text = path.read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return None
    try:
        return UUID(text)
    except ValueError as error:
        raise Unavailable(
            f"{path.absolute()} holds no identity of a store. Restore it from a backup; or, if these are the "
            "database's files, run `satchel admin store accept-files`, which replaces it."
        ) from error


def write_identity(layout: StoreLayout, identity: UUID, *, replaces: bool) -> UUID:
    """Write the identity of a folder that was prepared, and return the one that it has then.

    Args:
        layout: of the folder.
        identity: to write.
        replaces: whether to replace another. If not, one that another process wrote meanwhile stays.

    Raises:
        DiskFull, Unavailable: the disk is full or failed.
    """
    path = layout.root / STORE_ID
    with storage_errors(_KEPT):
        name, descriptor = layout.new_temporary()
        temporary = layout.root / INCOMING / name
        try:
            layout.disk.write(descriptor, [f"{identity}\n".encode()])
            layout.disk.fsync(descriptor)
            if replaces:
                temporary.replace(path)
            else:
                path.hardlink_to(temporary)
            layout.make_durable(layout.root)
        except FileExistsError:
            pass
        finally:
            os.close(descriptor)
            layout.drop(name)
    return read_identity(layout.root) or identity
