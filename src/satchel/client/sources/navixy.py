"""A Navixy account as a source, real or Satchel's own surface: tasks that have a form, with the files of its values.

Tasks are listed, then each one's form is read: only `task/form/read` returns files. The address of a file may expire at
any time, so it is requested just before the bytes. Files that were uploaded and never submitted are not part of a form.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar, cast

import msgspec

from satchel.client.receiving import Sink, receive_elsewhere
from satchel.client.refusals import Refused
from satchel.client.sources.listing import UNAUTHENTICATED, UNREADABLE, Json, OffsetCursor, missing, number_of, utc
from satchel.client.sources.source import FoundFile, FoundPage, Missing, SourceInstance
from satchel.client.steps import Flow, Request, send
from satchel.model.api.kinds import ReplyBody

T = TypeVar("T")

PAGE = 100

_FILES = frozenset({"file", "photo", "signature"})
_STATES = {"done": "ended", "delayed": "ended", "faulty": "ended", "failed": "failed"}
_GONE = 404


class _Task(ReplyBody, frozen=True, kw_only=True):
    id: int
    label: str = ""
    user_id: int | None = None
    description: str | None = None
    external_id: str | None = None
    creation_date: str | None = None
    status: str = ""
    status_change_date: str | None = None
    form_template_id: int | None = None
    location: Json | None = None
    files: Sequence["_File"] = ()


class _Tasks(ReplyBody, frozen=True, kw_only=True):
    list: Sequence[_Task]


class _OneTask(ReplyBody, frozen=True, kw_only=True):
    value: _Task


class _Field(ReplyBody, frozen=True, kw_only=True):
    id: str
    type: str
    label: str = ""
    options: Sequence[Json] = ()
    group: Sequence[Json] = ()


class _Form(ReplyBody, frozen=True, kw_only=True):
    label: str = ""
    template_id: int | None = None
    fields: Sequence[_Field] = ()
    values: Mapping[str, Json] | None = None


class _File(ReplyBody, frozen=True, kw_only=True):
    id: int
    name: str = ""
    size: int | None = None
    mime_type: str | None = None
    state: str = ""
    user_id: int | None = None
    created: str | None = None
    uploaded: str | None = None
    download_url: str | None = None
    bindings: Mapping[str, Json] | None = None


class _Read(ReplyBody, frozen=True, kw_only=True):
    value: _Form | None = None
    files: Sequence[_File] = ()


class _Session(ReplyBody, frozen=True, kw_only=True):
    hash: str
    type: str = "authenticated"


class NavixySource:
    """Tasks with forms of a Navixy account.

    Args:
        address: up to and including `/v2`, such as `https://api.eu.navixy.com/v2` or `.../v2/fsm`.
        sign_in: a `hash` (an API key, or a session's), or `login` and `password`.
        template: only tasks with a form of this template.
    """

    def __init__(self, address: str, sign_in: Mapping[str, str], *, template: int | None = None) -> None:
        self.address = address.rstrip("/")
        self._sign_in = dict(sign_in)
        self._hash = sign_in.get("hash", "")
        self._template = template

    def open(self) -> Flow[None]:
        """Sign in, and request a task, so that faults are reported at once."""
        if not self._hash:
            yield from self._signed_in()
        yield from self._listed(0, 1)

    def page(self, cursor: str | None) -> Flow[FoundPage]:
        """Return the tasks of a page that have a form, by number: new ones come last."""
        place = OffsetCursor.read(cursor)
        tasks = (yield from self._listed(place.start, PAGE)).list
        again = place.again()
        if place.is_shifted(str(tasks[0].id) if tasks else None) and again is not None:
            return (yield from self.page(f"0:{again.turns}:"))
        items: list[SourceInstance] = []
        gone: list[Missing] = []
        for task in tasks[1:] if place.start else tasks:
            if self._template not in (None, task.form_template_id):
                continue
            try:
                read = yield from self._form(task.id)
                if read.value is not None:
                    items.append(self._found(task, read.value, read.files))
            except UNREADABLE as error:
                gone.append(missing(str(task.id), error))
        following = place.following(len(tasks), str(tasks[-1].id)) if len(tasks) == PAGE else None
        return FoundPage(items=items, next=following, missing=gone)

    def fetch(self, file: FoundFile, sink: Sink) -> Flow[None]:
        """Fetch a file's bytes from its newest address."""
        task, number = int(file.holder or 0), file.place
        files = list((yield from self._form(task)).files)
        if all(one.id != number for one in files):
            files += (yield from self._asked("task/read", _OneTask, {"task_id": task})).value.files
        address = next((one.download_url for one in files if one.id == number), None)
        if address is None:
            raise Refused(_GONE, "not_found", f"Task {task} no longer has the file {file.name}.")
        yield from receive_elsewhere(address, sink, home=self.address)

    def _listed(self, offset: int, limit: int) -> Flow[_Tasks]:
        return (yield from self._asked("task/list", _Tasks, {"offset": offset, "limit": limit, "sort": ["id=asc"]}))

    def _form(self, task: int) -> Flow[_Read]:
        return (yield from self._asked("task/form/read", _Read, {"task_id": task}))

    def _asked(self, path: str, kind: type[T], given: Mapping[str, object]) -> Flow[T]:
        """Send a request and return its reply, after one new sign-in if the session has expired.

        Raises:
            Refused: the reply is an error.
        """
        used = self._hash
        try:
            return (yield from self._sent(path, kind, given))
        except Refused as refused:
            if refused.status != UNAUTHENTICATED or "login" not in self._sign_in:
                raise
        if self._hash == used:
            yield from self._signed_in()
        return (yield from self._sent(path, kind, given))

    def _sent(self, path: str, kind: type[T], given: Mapping[str, object]) -> Flow[T]:
        headers = {"Content-Type": "application/json", "NVX-ISO-DateTime": "true"}
        if self._hash:
            headers["Authorization"] = f"NVX {self._hash}"
        content = msgspec.json.encode(given)
        call = Request(
            method="POST", path=f"/{path}", headers=headers, content=content, is_repeatable=True
        )  # it only reads
        return (yield from send(call)).read(kind)

    def _signed_in(self) -> Flow[None]:
        given = {"login": self._sign_in["login"], "password": self._sign_in["password"]}
        self._hash = ""
        try:
            session = yield from self._sent("user/auth", _Session, given)
        except Refused as refused:
            message = f"The sign-in at Navixy failed: {refused.message}"
            raise Refused(UNAUTHENTICATED, "unauthenticated", message) from None
        if session.type != "authenticated":
            raise Refused(UNAUTHENTICATED, "unauthenticated", "Navixy requires a second factor; use an API key.")
        self._hash = session.hash

    def _found(self, task: _Task, form: _Form, held: Sequence[_File]) -> SourceInstance:
        values = form.values or {}
        template = str(form.template_id or task.form_template_id or "")
        place = str((task.location or {}).get("address") or "")
        more = {"address": place, "description": task.description, "external_id": task.external_id}
        state = _STATES.get(task.status, "running")
        return SourceInstance(
            id=task.id,
            identifier=str(task.id),
            app=template,
            app_name=form.label or template,
            title=task.label or str(task.id),
            state=state,
            started_at=utc(task.creation_date) or "",
            ended_at=utc(task.status_change_date) if state != "running" else None,
            starter=task.user_id,
            values={
                **{field.id: _value(field, values[field.id]) for field in form.fields if _has_value(field, values)},
                **{f"task.{name}": text for name, text in more.items() if text},
            },
            files=tuple(self._files(task, values, held)),
            labels={field.id: field.label for field in form.fields if field.label},
        )

    def _files(self, task: _Task, values: Mapping[str, Json], held: Sequence[_File]) -> Iterator[FoundFile]:
        fields = {number: name for name, value in values.items() for number in _numbers(value)}
        for file in held:
            bound = (file.bindings or {}).get("form_field", {})
            if file.state == "uploaded" and bound.get("submitted") is not False:
                yield self._file(task, file, fields.get(file.id) or cast("str | None", bound.get("field_id")))
        for file in task.files:
            if file.state == "uploaded":
                yield self._file(task, file, None)

    def _file(self, task: _Task, file: _File, field: str | None) -> FoundFile:
        return FoundFile(
            # The same file may be visible in several tasks of one process, and is a file of each of them here.
            id=number_of(str(task.id), str(file.id)),
            instance=task.id,
            place=file.id,
            holder=str(task.id),
            name=file.name or str(file.id),
            field=field,
            size=file.size,
            media_type=file.mime_type,
            created_at=utc(file.uploaded or file.created),
            created_by=file.user_id,
            source=f"{self.address}/task/form/read?task_id={task.id}#{file.id}",
        )


def _has_value(field: _Field, values: Mapping[str, Json]) -> bool:
    return field.type not in _FILES and field.id in values


def _numbers(value: Json) -> list[int]:
    several = value.get("file_ids")
    found = cast("list[object]", several) if isinstance(several, list) else [value.get("file_id")]
    return [number for number in found if isinstance(number, int)]


def _value(field: _Field, value: Json) -> object:
    """Return a value as displayed: options by their labels."""
    if "value_index" in value:
        return _label(field.options, value["value_index"])
    checks = value.get("values")
    if isinstance(checks, list):
        return [_label(field.group, at) for at, is_checked in enumerate(cast("list[object]", checks)) if is_checked]
    return value.get("value")


def _label(options: Sequence[Json], at: object) -> str | None:
    return str(options[at].get("label")) if isinstance(at, int) and 0 <= at < len(options) else None
