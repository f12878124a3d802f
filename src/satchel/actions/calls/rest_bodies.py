"""Bodies of REST calls: parameters and files as JSON, form-data, a urlencoded form, a text, or one file whole."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import cast
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

from satchel.actions.context import Context
from satchel.actions.files.handed_on import metadata
from satchel.model.actor import Actor
from satchel.model.digest import Digest
from satchel.model.fields import Field
from satchel.model.files import File, FileKind
from satchel.model.ids import FieldId
from satchel.model.services import BodyKind, Literal, RestTask, Source, TextKind
from satchel.model.template import Template, as_text, render
from satchel.outbound.failure import CallFailed
from satchel.outbound.request import RequestBody, bytes_body

_BOUNDARY_BYTES = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInputs:
    """What a call is made from.

    Attributes:
        issuer: whose right signs download addresses.
        values: of fields and built-in names, typed as templates see them.
        raw: canonical JSON values, as they are sent.
        files: by file field.
        file_fields: of the app.
    """

    issuer: Actor
    values: Mapping[str, object]
    raw: Mapping[str, object]
    files: Mapping[FieldId, Sequence[File]]
    file_fields: Mapping[FieldId, Field]


async def build(context: Context, task: RestTask, given: CallInputs) -> tuple[RequestBody | None, str, list[int]]:
    """Return a call's body, what goes into its query, and the ids of the files that it sends.

    Raises:
        CallFailed: `too_large` (with both figures), or `field` for a file that cannot be sent so.
    """
    if task.method == "GET":
        return None, urlencode(await _texts(context, task, given)), []
    if task.body is BodyKind.FORM_DATA:
        return _form_data(context, task, given)
    if task.body is BodyKind.FILE:
        return _one_file(context, task, given)
    return await _small_body(context, task, given), "", []


async def _small_body(context: Context, task: RestTask, given: CallInputs) -> RequestBody | None:
    """Return a body without bytes of files."""
    if task.body is BodyKind.URLENCODED:
        text = urlencode(await _texts(context, task, given))
        return bytes_body(text.encode(), "application/x-www-form-urlencoded")
    if task.body is BodyKind.TEXT:
        return bytes_body((await _text(context, task, given)).encode(), task.text_kind.media_type)
    if not task.parameters and task.method == "DELETE":
        return None
    sent = {name: await _json_value(context, source, given) for name, source in task.parameters.items()}
    data = json.dumps(sent, ensure_ascii=False, separators=(",", ":"))
    return bytes_body(data.encode(), "application/json")


def escaped(template: Template, given: CallInputs, kind: TextKind | None) -> str:
    """Return a template filled in, each value escaped for where it stands; None stands for an address."""
    safe = {name: _escape(as_text(given.values.get(name)), kind) for name in template.names}
    return render(template, safe)


def _escape(text: str, kind: TextKind | None) -> str:
    match kind:
        case None:
            return quote(text, safe="")
        case TextKind.JSON:
            return json.dumps(text, ensure_ascii=False)[1:-1]
        case TextKind.XML:
            return escape("".join(c for c in text if c in "\t\n\r" or c >= " "), {'"': "&quot;", "'": "&apos;"})
        case TextKind.PLAIN:
            return text


async def _described(context: Context, field: Field, given: CallInputs) -> object:
    """Return a file field as other systems see it: an object or null where it holds one file at most, else a list."""
    told = [await metadata(context, given.issuer, file) for file in given.files.get(field.id, ())]
    limits = field.files
    if limits is not None and limits.max_files == 1:
        return told[0] if told else None
    return told


async def _json_value(context: Context, source: Source, given: CallInputs) -> object:
    if isinstance(source, Literal):
        return source.value
    if isinstance(source, Template):
        return render(source, given.values)
    if source in given.file_fields:
        return await _described(context, given.file_fields[source], given)
    return _plain(given.raw.get(source, given.values.get(source)))


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date | time):
        return as_text(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    return value


async def _as_text(context: Context, source: Source, given: CallInputs) -> str:
    value = await _json_value(context, source, given)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return as_text(value)


async def _texts(context: Context, task: RestTask, given: CallInputs) -> list[tuple[str, str]]:
    return [(name, await _as_text(context, source, given)) for name, source in task.parameters.items()]


async def _text(context: Context, task: RestTask, given: CallInputs) -> str:
    """Return the text body: a file field in it becomes its metadata, as compact JSON."""
    if task.text is None:
        return ""
    parts: list[str] = []
    for part in task.text.parts:
        if isinstance(part, str):
            parts.append(part)
        elif FieldId(part.name) in given.file_fields:
            told = await _described(context, given.file_fields[FieldId(part.name)], given)
            text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
            parts.append(text if task.text_kind is TextKind.JSON else _escape(text, task.text_kind))
        else:
            parts.append(_escape(as_text(given.values.get(part.name)), task.text_kind))
    return "".join(parts)


def _stored(file: File) -> tuple[Digest, int]:
    if file.kind is not FileKind.STORED or file.digest is None or file.size_bytes is None:
        raise CallFailed(
            "field",
            f"{file.name} is kept elsewhere ({file.kind.value}) and cannot be sent as bytes. Send its address: "
            "any body but form-data and file does.",
        )
    return file.digest, file.size_bytes


def _one_file(context: Context, task: RestTask, given: CallInputs) -> tuple[RequestBody | None, str, list[int]]:
    files = given.files.get(task.file, ()) if task.file is not None else ()
    if len(files) != 1:
        raise CallFailed("field", f"{task.file} holds {len(files)} files; the body is exactly one.")
    digest, size = _stored(files[0])
    account = files[0].account_id
    kind = files[0].media_type or "application/octet-stream"
    body = RequestBody(media_type=kind, size_bytes=size, open=lambda: context.blobs.open(account, digest))
    return body, "", [files[0].id]


def _form_data(context: Context, task: RestTask, given: CallInputs) -> tuple[RequestBody, str, list[int]]:
    boundary = f"satchel-{context.entropy(_BOUNDARY_BYTES).hex()}"
    pieces: list[bytes | File] = []
    for name, source in task.parameters.items():
        if not isinstance(source, Literal | Template) and source in given.file_fields:
            for file in given.files.get(source, ()):
                _stored(file)
                kind = file.media_type or "application/octet-stream"
                pieces += [_part(boundary, name, f'; filename="{_quoted(file.name)}"', kind), file, b"\r\n"]
        else:
            pieces += [_part(boundary, name, "", None), _field_text(source, given).encode(), b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    size = sum(len(piece) if isinstance(piece, bytes) else _stored(piece)[1] for piece in pieces)
    limit = context.policy.outbound_call_bytes
    if size > limit:
        raise CallFailed(
            "too_large",
            f"The call would send {size} bytes; {limit} are allowed. Send addresses instead of files, or raise "
            "SATCHEL_OUTBOUND_CALL_BYTES.",
            size_bytes=size,
            limit_bytes=limit,
        )

    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                async for chunk in context.blobs.open(piece.account_id, _stored(piece)[0]):
                    yield chunk

    sent = [int(piece.id) for piece in pieces if isinstance(piece, File)]
    return RequestBody(media_type=f"multipart/form-data; boundary={boundary}", size_bytes=size, open=stream), "", sent


def _field_text(source: Source, given: CallInputs) -> str:
    """Return the value of a form-data field that is no file; tables and lists as compact JSON."""
    if isinstance(source, Literal):
        return as_text(source.value)
    if isinstance(source, Template):
        return render(source, given.values)
    plain = _plain(given.raw.get(source, given.values.get(source)))
    return json.dumps(plain, separators=(",", ":")) if isinstance(plain, dict | list) else as_text(plain)


def _part(boundary: str, name: str, filename: str, kind: str | None) -> bytes:
    """Return the head of a part (RFC 7578, with names quoted as browsers do)."""
    lines = [f"--{boundary}", f'Content-Disposition: form-data; name="{_quoted(name)}"{filename}']
    if kind is not None:
        lines.append(f"Content-Type: {kind}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
