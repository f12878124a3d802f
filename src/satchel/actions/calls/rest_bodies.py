"""Bodies of REST calls: parameters and files as JSON, form-data, a urlencoded form, a text, or one file whole."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from satchel.actions.context import Context
from satchel.actions.files.handed_on import metadata
from satchel.model.actor import Actor
from satchel.model.bodies import fill, plain, text_of, value_of
from satchel.model.digest import Digest
from satchel.model.fields import Field, FieldType
from satchel.model.files import File, FileKind
from satchel.model.ids import FieldId
from satchel.model.services import BodyKind, Literal, RestTask, Source
from satchel.model.template import Template, as_text, render
from satchel.outbound.failure import CallFailed
from satchel.outbound.request import RequestBody, bytes_body

_BOUNDARY_BYTES = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInputs:
    """What a call is made from.

    Attributes:
        issuer: whose right signs download addresses.
        values: of fields and built-in names, typed as templates see them; of file fields the names of their files.
        stored: canonical values of fields.
        files: by file field.
        fields: of the app.
    """

    issuer: Actor
    values: Mapping[str, object]
    stored: Mapping[str, object]
    files: Mapping[FieldId, Sequence[File]]
    fields: Mapping[FieldId, Field]

    def file_field(self, name: str) -> Field | None:
        """Return the file field of this id, or None."""
        field = self.fields.get(FieldId(name))
        return field if field is not None and field.is_file_type else None

    def value(self, name: str) -> object:
        """Return the value of a field or built-in name as `value_of` does; of a file field the names of its files."""
        field = self.fields.get(FieldId(name))
        if field is None or field.is_file_type or field.type is FieldType.SEPARATOR:
            return self.values.get(name)
        return value_of(field, self.stored.get(name))


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
        encoded = urlencode(await _texts(context, task, given))
        return bytes_body(encoded.encode(), "application/x-www-form-urlencoded")
    if task.body is BodyKind.TEXT:
        return bytes_body((await _text(context, task, given)).encode(), task.text_kind.media_type)
    if not task.parameters and task.method == "DELETE":
        return None
    sent = {name: await _json_value(context, source, given) for name, source in task.parameters.items()}
    data = json.dumps(sent, ensure_ascii=False, separators=(",", ":"))
    return bytes_body(data.encode(), "application/json")


def address(template: Template, given: CallInputs) -> str:
    """Return an address filled in, each value percent-encoded."""
    return render(template, {name: quote(text_of(given.value(name)), safe="") for name in template.names})


def text(template: Template, given: CallInputs) -> str:
    """Return a template filled in, as it stands in a header or a parameter."""
    return render(template, {name: text_of(given.value(name)) for name in template.names})


async def _described(context: Context, field: Field, given: CallInputs) -> object:
    """Return a file field as other systems see it: an object or null where it holds one file at most, else a list."""
    told = [await metadata(context, given.issuer, file) for file in given.files.get(field.id, ())]
    limits = field.files
    if limits is not None and limits.max_files == 1:
        return told[0] if told else None
    return told


async def _value(context: Context, name: str, given: CallInputs) -> object:
    """Return the value of a name; files as other systems see them."""
    field = given.file_field(name)
    return given.value(name) if field is None else await _described(context, field, given)


async def _json_value(context: Context, source: Source, given: CallInputs) -> object:
    if isinstance(source, Literal):
        return source.value
    if isinstance(source, Template):
        return text(source, given)
    return plain(await _value(context, source, given))


async def _texts(context: Context, task: RestTask, given: CallInputs) -> list[tuple[str, str]]:
    sources = task.parameters.items()
    return [(name, _parameter(await _json_value(context, source, given))) for name, source in sources]


def _parameter(value: object) -> str:
    """Return JSON data as a parameter: objects and lists as compact JSON, nothing where there is nothing."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else ""
    return as_text(value)


async def _text(context: Context, task: RestTask, given: CallInputs) -> str:
    """Return the text body."""
    if task.text is None:
        return ""
    values = {name: await _value(context, name, given) for name in task.text.names}
    return fill(task.text, task.text_kind, values.__getitem__)


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
        if not isinstance(source, Literal | Template) and given.file_field(source) is not None:
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
    """Return the value of a form-data field that is no file."""
    if isinstance(source, Literal):
        return as_text(source.value)
    return text(source, given) if isinstance(source, Template) else _parameter(plain(given.value(source)))


def _part(boundary: str, name: str, filename: str, kind: str | None) -> bytes:
    """Return the head of a part (RFC 7578, with names quoted as browsers do)."""
    lines = [f"--{boundary}", f'Content-Disposition: form-data; name="{_quoted(name)}"{filename}']
    if kind is not None:
        lines.append(f"Content-Type: {kind}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
