"""Requests of the native API, each as a flow; `satchel.client.api` makes them methods of its two clients."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

import msgspec

from satchel.client.multipart_forms import Files as FormFiles
from satchel.client.steps import Flow, Request, get, post, send
from satchel.model.api.apps import App, Apps, AppSummary
from satchel.model.api.files import File, Files, Link
from satchel.model.api.instances import FoundInstances, InstanceView, WorkItem, WorkItems, WorkResult
from satchel.model.api.people import Me
from satchel.model.api.progress import Progress
from satchel.model.api.searches import CriteriaMeaning, SavedSearch

_BASE = "/api/v1"
PAGE = 200
"""The maximum length of a page of any list."""


def me() -> Flow[Me]:
    """Return the caller, with groups and rights."""
    return (yield from get(f"{_BASE}/me", Me))


def apps(may: str | None = None) -> Flow[Sequence[AppSummary]]:
    """Return the apps for which the caller has any right, or the right `may`, such as `start`."""
    asked = "" if may is None else f"?may={quote(may, safe='')}"
    return (yield from get(f"{_BASE}/apps{asked}", Apps)).items


def app(code: str, version: int | None = None) -> Flow[App]:
    """Return an app's newest version, or the one with a number, with its fields."""
    which = "" if version is None else f"/versions/{version}"
    return (yield from get(f"{_BASE}/apps/{quote(code, safe='')}{which}", App))


def start(
    app: str,
    values: Mapping[str, object] | None = None,
    *,
    attachments: Sequence[int] = (),
    comment: str | None = None,
    files: FormFiles | None = None,
    key: str | None = None,
) -> Flow[int]:
    """Start an instance and return its number.

    Args:
        app: the app's code.
        values: by field id; a file field's is the list of the numbers of uploads that were made for it.
        attachments: numbers of uploads for the attachments tab.
        comment: a first comment.
        files: by field id, `attachments` for the attachments tab: paths, or names with bytes. They are sent in the same
            request, which is all or nothing; files that must survive a broken connection are uploaded before.
        key: the Idempotency-Key, for programs that may have to repeat the call after a crash.
    """
    body = _filled(values, attachments, comment)
    answer = yield from post(f"{_BASE}/apps/{quote(app, safe='')}/instances", body, key=key, files=files)
    return answer.read(WorkResult).instance.id


def instance(which: int | str) -> Flow[InstanceView]:
    """Return the visible parts of an instance, by number or identifier."""
    return (yield from get(f"{_BASE}/instances/{quote(str(which), safe='')}", InstanceView))


def progress(instance: int) -> Flow[Progress]:
    """Return where an instance stands: its elements, with times and people, and the flows that were taken."""
    return (yield from get(f"{_BASE}/instances/{instance}/progress", Progress))


def search_page(
    query: Mapping[str, object] | None = None,
    *,
    cursor: str | None = None,
    with_files: bool = False,
    with_count: bool = False,
) -> Flow[FoundInstances]:
    """Return one page of a search; `search` reads all of them.

    Args:
        query: as `POST /instances/search` takes it: app, states, title, started_from, fields, sort, limit, ...
        cursor: the `next` of the previous page.
        with_files: whether each instance includes its files.
        with_count: whether the first page includes the total.
    """
    given = {**(query or {})}
    if cursor is not None:
        given["cursor"] = cursor
    params = [("include", "files")] if with_files else []
    if with_count:
        params.append(("count", "true"))
    call = Request(
        method="POST",
        path=f"{_BASE}/instances/search",
        params=tuple(params),
        headers={"Content-Type": "application/json"},
        content=msgspec.json.encode(given),
        is_repeatable=True,  # it only reads
    )
    return (yield from send(call)).read(FoundInstances)


def change_values(instance: int, values: Mapping[str, object], *, revision: int) -> Flow[None]:
    """Change fields of an instance that is still at the revision that was read.

    Raises:
        Refused: `changed_meanwhile`, if it is not.
    """
    call = Request(
        method="PATCH",
        path=f"{_BASE}/instances/{instance}/values",
        headers={"Content-Type": "application/json", "If-Match": f'"{revision}"'},
        content=msgspec.json.encode({"values": values}),
    )
    yield from send(call)


def comment(instance: int, text: str) -> Flow[None]:
    """Write a comment."""
    yield from post(f"{_BASE}/instances/{instance}/comments", {"text": text})


def cancel(instance: int, reason: str = "") -> Flow[None]:
    """Cancel a running instance and those that it called."""
    yield from post(f"{_BASE}/instances/{instance}/cancel", {"reason": reason})


def tasks(which: str = "mine") -> Flow[list[WorkItem]]:
    """Return the open tasks that the caller holds (`mine`) or may claim (`offered`)."""
    found: list[WorkItem] = []
    cursor: str | None = None
    while True:
        params = [("filter", which), ("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])]
        page = yield from get(f"{_BASE}/tasks", WorkItems, tuple(params))
        found += page.items
        cursor = page.next
        if cursor is None:
            return found


def claim(task: int) -> Flow[None]:
    """Claim an offered task."""
    yield from post(f"{_BASE}/tasks/{task}/claim", {})


def complete(
    task: int,
    values: Mapping[str, object] | None = None,
    *,
    outcome: str | None = None,
    attachments: Sequence[int] = (),
    comment: str | None = None,
    files: FormFiles | None = None,
    revision: int | None = None,
) -> Flow[WorkResult]:
    """Complete a task with its form and outcome; return the instance, the next task and what was made.

    Args:
        task: its number.
        values: by field id.
        outcome: one of its form's outcomes, if it has any.
        attachments: numbers of uploads for the attachments tab.
        comment: an additional comment.
        files: to send in the same request, as in `start`; they join those of their fields.
        revision: the task's expected revision; None accepts any.
    """
    body = _filled(values, attachments, comment) | ({} if outcome is None else {"outcome": outcome})
    headers = {} if revision is None else {"If-Match": f'"{revision}"'}
    answer = yield from post(f"{_BASE}/tasks/{task}/complete", body, headers=headers, files=files)
    return answer.read(WorkResult)


def files(instance: int) -> Flow[Sequence[File]]:
    """Return an instance's visible files."""
    return (yield from get(f"{_BASE}/instances/{instance}/files", Files)).items


def file(number: int) -> Flow[File]:
    """Return a file's metadata."""
    return (yield from get(f"{_BASE}/files/{number}", File))


def attach(
    instance: int,
    uploads: Sequence[int] = (),
    *,
    files: FormFiles | None = None,
    field: str | None = None,
    area: str | None = None,
    key: str | None = None,
) -> Flow[Sequence[File]]:
    """Attach files to an instance: to fields, in addition to their files, or to the attachments tab.

    Args:
        instance: its number.
        uploads: numbers of uploads for one `field`, or for the attachments tab (and `area`).
        files: or files to send in the same request, as in `start`.
        field, area: of the uploads.
        key: the Idempotency-Key.
    """
    if files:
        answer = yield from post(f"{_BASE}/instances/{instance}/files", {}, key=key, files=files)
        return answer.read(Files).items
    body = {"uploads": list(uploads), "field": field, "area": area}
    answer = yield from post(f"{_BASE}/instances/{instance}/files", _without_none(body), key=key)
    return answer.read(Files).items


def add_link(
    instance: int,
    url: str,
    *,
    kind: str = "link",
    name: str | None = None,
    description: str = "",
    field: str | None = None,
    area: str | None = None,
    key: str | None = None,
) -> Flow[None]:
    """Attach a file that is kept elsewhere: `link`, `drive` or `onedrive`."""
    body = {"url": url, "kind": kind, "name": name, "description": description, "field": field, "area": area}
    yield from post(f"{_BASE}/instances/{instance}/files", _without_none(body), key=key)


def describe(file: int, *, name: str | None = None, description: str | None = None) -> Flow[None]:
    """Rename a file or change its description; None leaves it unchanged."""
    body = _without_none({"name": name, "description": description})
    call = Request(
        method="PATCH",
        path=f"{_BASE}/files/{file}",
        headers={"Content-Type": "application/json"},
        content=msgspec.json.encode(body),
        is_repeatable=True,
    )
    yield from send(call)


def link(file: int, *, disposition: str = "attachment", lifetime_s: int | None = None) -> Flow[Link]:
    """Make a signed address that is valid for minutes without sign-in."""
    body = _without_none({"disposition": disposition, "lifetime_s": lifetime_s})
    return (yield from post(f"{_BASE}/files/{file}/links", body)).read(Link)


def saved_search(number: int) -> Flow[SavedSearch]:
    """Return a saved search; pass its `query` to `search`."""
    return (yield from get(f"{_BASE}/searches/{number}", SavedSearch))


def read_criteria(criteria: str) -> Flow[CriteriaMeaning]:
    """Return what Questetra's criteria (XML or JSON) mean as a native query.

    Raises:
        Refused: they are malformed, have a DTD, or name unknown things.
    """
    call = Request(
        method="POST",
        path=f"{_BASE}/searches/criteria",
        headers={"Content-Type": "application/json"},
        content=msgspec.json.encode({"criteria": criteria}),
        is_repeatable=True,  # it only reads
    )
    return (yield from send(call)).read(CriteriaMeaning)


def save_search(name: str, query: Mapping[str, object], *, groups: Sequence[int] = ()) -> Flow[SavedSearch]:
    """Save a search under a name, for the caller and for some groups."""
    answer = yield from post(f"{_BASE}/searches", {"name": name, "query": query, "groups": list(groups)})
    return answer.read(SavedSearch)


def _filled(values: Mapping[str, object] | None, attachments: Sequence[int], comment: str | None) -> dict[str, object]:
    body: dict[str, object] = {"values": dict(values or {}), "attachments": list(attachments)}
    return body if comment is None else {**body, "comment": comment}


def _without_none(body: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if value is not None}
