"""Exports that the server makes: started, awaited, and downloaded as one zip, resumed after a broken connection."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from satchel.client.receiving import receive
from satchel.client.refusals import Refused
from satchel.client.steps import Flow, Pause, Request, Work, get, post
from satchel.client.transfers import SUFFIX, OnBytes, ToFile
from satchel.model.api.searches import Export

POLL_S = 0.5


def begin_export(
    query: Mapping[str, object] | None = None,
    *,
    search: int | None = None,
    fields: Sequence[str] | None = None,
    attachments: bool = True,
    values: bool = True,
) -> Flow[Export]:
    """Start an export of a query or a saved search; it needs the right `export`."""
    body: dict[str, object] = {"fields": fields, "attachments": attachments, "values": values}
    body |= {"query": dict(query or {})} if search is None else {"search": search}
    return (yield from post("/api/v1/exports", body)).read(Export)


def export(number: int) -> Flow[Export]:
    """Return an export and its progress."""
    return (yield from get(f"/api/v1/exports/{number}", Export))


def wait_for_export(number: int) -> Flow[Export]:
    """Return an export once it is ready.

    Raises:
        Refused: it failed; see its error.
    """
    while True:
        found = yield from export(number)
        if found.state == "failed":
            code = "failed" if found.error is None else found.error.code
            message = None if found.error is None else found.error.message
            raise Refused(200, code, message or f"The export {number} failed.")
        if found.state != "preparing":
            return found
        yield Pause(POLL_S)


def download_export(number: int, to: Path, *, on_bytes: OnBytes | None = None) -> Flow[Export]:
    """Download a ready export to a path; called again after a crash, it resumes from `NAME.part`.

    Raises:
        Refused: it is not ready, has expired, or a right was lost.
        Unavailable: the connection broke too often; the received bytes are kept.
        OSError: the path cannot be written.
    """
    found = yield from export(number)
    part = to.with_name(to.name + SUFFIX)
    sink = cast("ToFile", (yield Work(lambda: ToFile(part, on_bytes))))
    try:
        call = Request(method="GET", path=f"/api/v1/exports/{number}/download")
        yield from receive(call, sink, etag=f"export-{number}-{found.size}")
    finally:
        sink.close()
    yield Work(lambda: part.replace(to))
    return found
