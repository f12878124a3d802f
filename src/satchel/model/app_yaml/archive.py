"""Reads a bundle from a zip: two files, from bytes that may be hostile.

Nothing is written and no name becomes a path. Of the archive's members only `app.yaml` and `process.bpmn` are
decompressed, each up to its own limit, regardless of the sizes that the archive declares; all other members (a README,
pictures) are ignored.
"""

import io
import stat
import zipfile
import zlib
from collections.abc import Mapping

from satchel.model.app_yaml.bundle import MANIFEST_FILE, MAX_PROCESS_BYTES, PROCESS_FILE
from satchel.model.app_yaml.document import MAX_DOCUMENT_BYTES
from satchel.model.errors import Finding, InvalidBundle

MAX_ARCHIVE_BYTES = 8 * 1024 * 1024
MAX_MEMBERS = 200
MAX_NAME_CHARS = 255

_LIMITS = {MANIFEST_FILE: MAX_DOCUMENT_BYTES, PROCESS_FILE: MAX_PROCESS_BYTES}
_ENCRYPTED = 0x1
_CLUTTER = ("__MACOSX/", ".DS_Store", "Thumbs.db")
_KNOWN_COMPRESSION = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END_OF_DIRECTORY = b"PK\x05\x06"


def unpack_bundle(data: bytes) -> Mapping[str, bytes]:
    """Return `app.yaml` and `process.bpmn` of a zipped bundle, by name; one of them may be missing.

    The files may be at the top or in one folder there.

    Raises:
        InvalidBundle: the archive is damaged, encrypted, too large, or contains an unsafe name.
    """
    if len(data) > MAX_ARCHIVE_BYTES:
        raise _refusal("archive_too_large", f"The zip has {len(data)} bytes; {MAX_ARCHIVE_BYTES} are allowed.")
    if _said_members(data) > MAX_MEMBERS:
        raise _refusal("archive_too_large", f"The zip holds more than {MAX_MEMBERS} files.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = _members(archive)
            return {name: _read(archive, member, _LIMITS[name]) for name, member in members.items()}
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError) as error:
        raise _refusal("archive", "This zip cannot be read; zip the folder again.") from error


def _said_members(data: bytes) -> int:
    """Return the archive's declared number of members, before its directory is read."""
    position = data.rfind(_END_OF_DIRECTORY)
    return int.from_bytes(data[position + 10 : position + 12], "little") if position >= 0 else 0


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the two members, after checking that every name in the archive is safe."""
    members = [member for member in archive.infolist() if not _is_clutter(member.filename)]
    if len(members) > MAX_MEMBERS:
        raise _refusal("archive_too_large", f"The zip holds more than {MAX_MEMBERS} files.")
    seen: set[str] = set()
    for member in members:
        name = member.orig_filename
        if not _is_harmless(name):
            raise _refusal(
                "archive_name", f"The zip contains the name {name[:80]!r}; names must stay inside the bundle."
            )
        if name.casefold() in seen:
            raise _refusal("archive_name", f"The zip contains the name {name[:80]!r} twice.")
        seen.add(name.casefold())
    folder = _folder(members)
    found: dict[str, zipfile.ZipInfo] = {}
    for member in members:
        name = member.filename.removeprefix(folder)
        if name not in _LIMITS:
            continue
        if member.flag_bits & _ENCRYPTED:
            raise _refusal("archive", f"{name} is encrypted; zip the folder without a password.")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise _refusal("archive_name", f"{name} is a symbolic link; put the file itself into the zip.")
        if member.compress_type not in _KNOWN_COMPRESSION:
            raise _refusal("archive", f"{name} is compressed in an unusual way; use plain zip (deflate).")
        found[name] = member
    return found


def _folder(members: list[zipfile.ZipInfo]) -> str:
    """Return the one folder that contains everything, with its slash, or `""`."""
    names = [member.filename for member in members]
    top = names[0].partition("/")[0] + "/" if names and "/" in names[0] else ""
    return top if top and all(name.startswith(top) for name in names) else ""


def _is_clutter(name: str) -> bool:
    return name.startswith(_CLUTTER[0]) or name.rpartition("/")[2] in _CLUTTER[1:]


def _is_harmless(name: str) -> bool:
    """Return whether a name stays inside its archive on any system."""
    parts = name.rstrip("/").split("/")
    return (
        0 < len(name) <= MAX_NAME_CHARS
        and not any(character in name for character in "\\:\0")
        and all(part not in ("", ".", "..") for part in parts)
    )


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    """Return a member's bytes, never reading more than its limit into memory."""
    with archive.open(member) as stream:
        data = stream.read(limit + 1)
        if len(data) > limit:
            raise _refusal("document_too_large", f"{member.filename} has more than {limit} bytes.")
        return data


def _refusal(code: str, message: str) -> InvalidBundle:
    return InvalidBundle([Finding(code=code, file="bundle.zip", line=None, element=None, message=message)])
