"""Transfers: uploads by ticket and downloads, both resumable and checked by digest."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from satchel.client.receiving import receive, wait_for
from satchel.client.refusals import WrongBytes
from satchel.client.steps import Flow, NoReply, Reply, Request, Retries, Work, accept, get, is_transient, post, send
from satchel.model.api.files import File, Ticket, Upload
from satchel.model.transfer.names import format_upload_metadata

PIECE_BYTES = 8 * 1024 * 1024
"""The size of the pieces of a larger file."""

READ_BYTES = 1024 * 1024
SUFFIX = ".part"
"""The suffix of a download's name until it is complete."""

_TUS = {"Tus-Resumable": "1.0.0"}
_RETRIES = Retries()


OnBytes = Callable[[int], None]
"""Receives the number of further bytes sent or received."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadTarget:
    """The target of an upload: exactly one of `task`, `instance` and `app`; a field, or the attachments tab."""

    app: str | None = None
    task: int | None = None
    instance: int | None = None
    field: str | None = None
    area: str | None = None


def upload(
    source: Path | bytes | BinaryIO,
    *,
    app: str | None = None,
    task: int | None = None,
    instance: int | None = None,
    field: str | None = None,
    area: str | None = None,
    name: str | None = None,
    media_type: str | None = None,
    on_bytes: OnBytes | None = None,
) -> Flow[Upload]:
    """Upload a file for a field or the attachments tab, and return the upload; use its number in a form.

    The digest is computed first and checked by the server. An upload whose connection breaks is resumed.

    Args:
        source: a path, the bytes, or an open binary file that can seek; the caller closes it.
        app: the code of the app whose start form it is for;
        task: or the task that it is for;
        instance: or the instance that it is for.
        field: the field's id; None is the attachments tab.
        area: a part of the attachments tab.
        name: of the file; None takes the path's.
        media_type: the declared type; the server checks the bytes.
        on_bytes: is called for each piece that was sent.

    Raises:
        Refused: the field does not accept the file, or the account's quota is exceeded.
        Unavailable: the connection broke too often.
        OSError: the source cannot be read.
    """
    given = cast("BinaryIO", (yield Work(lambda: _opened(source))))
    try:
        digest, size = cast("tuple[str, int]", (yield Work(lambda: _measured(given))))
        called = name or (source.name if isinstance(source, Path) else None)
        place = UploadTarget(app=app, task=task, instance=instance, field=field, area=area)
        ticket = yield from _ticket(place, size=size, sha256=digest, name=called, media_type=media_type)
        if size <= PIECE_BYTES:
            yield from _put(ticket, given, media_type, on_bytes)
        else:
            yield from _resumable(ticket, given, size, called, on_bytes)
        arrived = yield from _look(ticket)
        if arrived.sha256 != digest:
            raise WrongBytes(f"Upload {ticket.id} arrived with the digest {arrived.sha256}, not {digest}.")
        return arrived
    finally:
        if isinstance(source, Path | bytes):
            given.close()


def _opened(source: Path | bytes | BinaryIO) -> BinaryIO:
    if isinstance(source, Path):
        return source.open("rb")
    return BytesIO(source) if isinstance(source, bytes) else source


def _measured(source: BinaryIO) -> tuple[str, int]:
    source.seek(0)
    digest, size = hashlib.sha256(), 0
    while piece := source.read(READ_BYTES):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def _ticket(place: UploadTarget, *, size: int, sha256: str, name: str | None, media_type: str | None) -> Flow[Ticket]:
    body: dict[str, object] = {
        "size": size,
        "sha256": sha256,
        "name": name,
        "media_type": media_type,
        "app": place.app,
        "task": place.task,
        "instance": place.instance,
        "field": place.field,
        "area": place.area,
    }
    answer = yield from post("/api/v1/uploads", {key: value for key, value in body.items() if value is not None})
    return answer.read(Ticket)


def _at(source: BinaryIO, offset: int) -> bytes:
    source.seek(offset)
    return source.read(PIECE_BYTES)


def _look(ticket: Ticket) -> Flow[Upload]:
    path = f"/api/v1/uploads/{ticket.id}"
    call = Request(method="GET", path=path, params=(("token", ticket.token),), is_open=True, is_repeatable=True)
    return (yield from send(call)).read(Upload)


def _put(ticket: Ticket, source: BinaryIO, media_type: str | None, on_bytes: OnBytes | None) -> Flow[None]:
    """Send a small file in one request; after a broken connection the ticket shows whether it arrived."""
    body = cast("bytes", (yield Work(lambda: _at(source, 0))))
    call = Request(
        method="PUT",
        path=f"/api/v1/uploads/{ticket.id}/content",
        params=(("token", ticket.token),),
        headers={"Content-Type": media_type or "application/octet-stream"},
        content=body,
        is_open=True,
    )
    tried = 0
    while True:
        got: Reply | NoReply = yield call
        if not is_transient(got):
            accept(call, got)
            break
        if (yield from _look(ticket)).state == "uploaded":
            break
        tried += 1
        yield wait_for(call, got, tried, _RETRIES)
    if on_bytes is not None:
        on_bytes(len(body))


def _resumable(ticket: Ticket, source: BinaryIO, size: int, name: str | None, on_bytes: OnBytes | None) -> Flow[None]:
    """Send a large file piece by piece (tus 1.0); after a broken connection the server returns the offset."""
    path, params = f"/api/v1/uploads/{ticket.id}/tus", (("token", ticket.token),)
    headers = {**_TUS, "Upload-Length": str(size)}
    if name:
        headers["Upload-Metadata"] = format_upload_metadata({"filename": name})
    yield from send(Request(method="POST", path=path, params=params, headers=headers, is_open=True, is_repeatable=True))
    offset = tried = 0
    while offset < size:
        piece = cast("bytes", (yield Work(lambda: _at(source, offset))))  # noqa: B023  # done at once
        checksum = b64encode(hashlib.sha256(piece).digest()).decode()
        headers = {
            **_TUS,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
            "Upload-Checksum": f"sha256 {checksum}",
        }
        call = Request(method="PATCH", path=path, params=params, headers=headers, content=piece, is_open=True)
        got: Reply | NoReply = yield call
        before = offset
        if isinstance(got, Reply) and got.is_success:
            offset = int(got.headers["upload-offset"])
        elif is_transient(got) or got.status in (409, 423, 460):  # type: ignore[union-attr]  # an answer, as is_transient says
            tried += 1
            yield wait_for(call, got, tried, _RETRIES)
            offset = yield from _offset(path, params)
        else:
            accept(call, got)
        if offset > before:
            tried = 0
            if on_bytes is not None:
                on_bytes(offset - before)


def _offset(path: str, params: tuple[tuple[str, str], ...]) -> Flow[int]:
    call = Request(method="HEAD", path=path, params=params, headers=_TUS, is_open=True, is_repeatable=True)
    return int((yield from send(call)).headers["upload-offset"])


def _check_size(size: int, most: int | None) -> None:
    if most is not None and size > most:
        raise WrongBytes(f"More bytes than the {most} of the file were sent.")


class ToFile:
    """A file that is being received, and the digest of its bytes so far.

    Args:
        path: of the file.
        on_bytes: is called with the count of each piece.
        most: maximum size in bytes; None sets no limit.
    """

    def __init__(self, path: Path, on_bytes: OnBytes | None, most: int | None = None) -> None:
        self._most = most
        self.digest = hashlib.sha256()
        self.size = 0
        self._on_bytes = on_bytes
        self._file = path.open("a+b")
        self._file.seek(0)
        while piece := self._file.read(READ_BYTES):
            self.digest.update(piece)
            self.size += len(piece)

    def write(self, piece: bytes | memoryview, /) -> None:
        """Write the next bytes.

        Raises:
            WrongBytes: there are more than the file has.
        """
        _check_size(self.size + len(piece), self._most)
        self._file.write(piece)
        self.digest.update(piece)
        self.size += len(piece)
        if self._on_bytes is not None:
            self._on_bytes(len(piece))

    def reset(self) -> None:
        """Restart."""
        self._file.truncate(0)
        self.digest, self.size = hashlib.sha256(), 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def download(file: int, to: Path, *, on_bytes: OnBytes | None = None) -> Flow[File]:
    """Download a file to a path, check its digest, and return its metadata.

    Until it is complete it is named `NAME.part`; called again after a crash, it resumes from there.

    Raises:
        Refused: there is no such file, or its bytes are kept elsewhere.
        WrongBytes: the received bytes are not those of the server; they were deleted.
        Unavailable: the connection broke too often; the received bytes are kept.
        OSError: the path cannot be written.
    """
    what = yield from get(f"/api/v1/files/{file}", File)
    part = to.with_name(to.name + SUFFIX)
    sink = cast("ToFile", (yield Work(lambda: ToFile(part, on_bytes, what.size))))
    try:
        yield from receive(content_of(file), sink, etag=what.sha256)
    finally:
        sink.close()
    if what.sha256 is not None and sink.digest.hexdigest() != what.sha256:
        with suppress(OSError):
            part.unlink()
        raise WrongBytes(f"File {file} was received with the digest {sink.digest.hexdigest()}, not {what.sha256}.")
    yield Work(lambda: part.replace(to))
    return what


def content_of(file: int) -> Request:
    """Return the request for a file's bytes."""
    return Request(method="GET", path=f"/api/v1/files/{file}/content")


def read(file: int) -> Flow[bytes]:
    """Return a file's bytes, checked by their digest; for small ones.

    Raises:
        Refused, WrongBytes, Unavailable: as `download`.
    """
    what = yield from get(f"/api/v1/files/{file}", File)
    sink = _ToMemory(what.size)
    yield from receive(content_of(file), sink, etag=what.sha256)
    if what.sha256 is not None and hashlib.sha256(sink.data).hexdigest() != what.sha256:
        raise WrongBytes(f"File {file} was received with other bytes than the server has.")
    return bytes(sink.data)


class _ToMemory:
    """Bytes in memory."""

    def __init__(self, most: int | None) -> None:
        self.data = bytearray()
        self._most = most

    @property
    def size(self) -> int:
        return len(self.data)

    def write(self, piece: bytes | memoryview, /) -> None:
        _check_size(self.size + len(piece), self._most)
        self.data += piece

    def reset(self) -> None:
        self.data.clear()
