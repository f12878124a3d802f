"""Forms that fill in items: urlencoded or multipart, with files that are stored as they come.

An item is named `q_<field>` or, as older clients do, `data[<number>].<kind>`. Files of one name go into one item, in
their order. What a form brought is gone again if the form turns out to be wrong.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from satchel.actions.files import intake, tickets
from satchel.actions.files.intake import Arrival
from satchel.actions.files.tickets import MAX_SIZE_BYTES, UploadRequest
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Actor
from satchel.model.errors import FieldFault, InvalidRequest, InvalidValues, UnsupportedMedia
from satchel.model.fields import Field, FieldType
from satchel.model.ids import FieldId
from satchel.model.uploads import Upload
from satchel.surfaces.kit.exchange import Exchange
from satchel.surfaces.kit.given import FORM, refused
from satchel.surfaces.kit.multipart import Part, read_parts
from satchel.surfaces.kit.texts import read_pairs
from satchel.surfaces.questetra.inputs import Inputs, refuse_others
from satchel.surfaces.questetra.values import read_value

MAX_FILE_BYTES = 100 * 1024 * 1024
"""Of one file; a form may have several."""

NAMES_KEPT = "questetra.names"
"""In the scope: field id -> the parameter that it came by, for errors."""

PART_KEPT = "questetra.part"
"""In the scope: the name of the part that is read, for errors."""

_ITEM = re.compile(r"q_([a-z][a-z0-9_]*)|data\[(\d{1,4})\]\.(\w+)")

Target = Callable[[str], Awaitable[tuple[Actor, UploadRequest]]]
"""Returns who stores the file of a parameter, and where; the request's size is set by `read_form`."""


@dataclass(slots=True)
class Incoming:
    """What a form brought.

    Attributes:
        texts: by parameter, in their order.
        files: the numbers of stored uploads, by parameter.
    """

    texts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    files: dict[str, list[Upload]] = field(default_factory=dict[str, list[Upload]])

    def text(self, name: str) -> str | None:
        """Return a parameter that comes once, or None.

        Raises:
            InvalidRequest: it came more often.
        """
        found = self.texts.get(name, [])
        if len(found) > 1:
            raise refused(name, "is given more than once", found[1])
        return found[0] if found else None

    def single(self) -> Inputs:
        """Return the parameters that came once."""
        return Inputs({name: found[0] for name, found in self.texts.items() if len(found) == 1})


async def read_form(exchange: Exchange, into: Incoming, target: Target) -> None:
    """Read the query and the body into `into`; files are stored where `target` says.

    Raises:
        InvalidRequest, UnsupportedMedia: the form is malformed.
        Whatever `target` and storing a file raise.
    """
    for name, value in exchange.pairs:
        into.texts.setdefault(name, []).append(value)
    if exchange.content_type != "multipart/form-data":
        body = await exchange.whole()
        if body and exchange.content_type != FORM:
            raise UnsupportedMedia("Send a form: application/x-www-form-urlencoded or multipart/form-data.")
        for name, value in read_pairs(body, "The form"):
            into.texts.setdefault(name, []).append(value)
        return
    async for part in read_parts(exchange.header("content-type"), exchange.chunks(MAX_SIZE_BYTES)):
        exchange.scope[PART_KEPT] = part.name
        if part.filename is None:
            into.texts.setdefault(part.name, []).append(await part.text())
        elif part.filename:
            into.files.setdefault(part.name, []).append(await _store(exchange, into, part, target))
        exchange.scope[PART_KEPT] = None


async def _store(exchange: Exchange, into: Incoming, part: Part, target: Target) -> Upload:
    context = exchange.context
    actor, wish = await target(part.name)
    most = _most_bytes(exchange, into)
    wish = replace(wish, size_bytes=most, framing_bytes=most, most_bytes=MAX_FILE_BYTES)
    ticket = await tickets.reserve(context, actor, wish)
    upload = await tickets.find(context, ticket.id, token=ticket.token, actor=None)
    try:
        arrival = Arrival(name=part.filename, media_type=part.media_type)
        return await intake.receive(context, upload, part.chunks(), arrival)
    except BaseException:
        await tickets.end(context, upload, reason="refused")
        raise


def _most_bytes(exchange: Exchange, brought: Incoming) -> int:
    """Return how many bytes the next file can have: what of the form has not been stored."""
    if exchange.content_length is None:
        return MAX_FILE_BYTES
    stored = sum(upload.size_bytes or 0 for found in brought.files.values() for upload in found)
    return max(min(exchange.content_length - stored, MAX_FILE_BYTES), 0)


async def forget(exchange: Exchange, brought: Incoming) -> None:
    """End the uploads of a form that was refused."""
    for stored in brought.files.values():
        for upload in stored:
            await tickets.end(exchange.context, upload, reason="refused")


def require_files_alone(exchange: Exchange, brought: Incoming, beside: str) -> None:
    """Require a form to have files, and no parameter but one beside them.

    Raises:
        InvalidRequest: it has no file, or another parameter.
    """
    if not brought.files:
        raise refused("files", "are missing; send at least one, in a part named like its item")
    refuse_others(exchange, brought.texts, (beside,))


def item(fields: Sequence[Field], parameter: str) -> Field:
    """Return the item that a parameter names.

    Raises:
        InvalidRequest: it names none.
    """
    match = _ITEM.fullmatch(parameter)
    for known in fields if match else ():
        if known.type is FieldType.SEPARATOR or match is None:
            continue
        if match.group(2) is None and parameter in (known.id, f"q_{known.id}"):
            return known
        if match.group(2) is not None and known.number == int(match.group(2)):
            return known
    raise refused(parameter[:80], "is no item of this form")


async def submission(
    exchange: Exchange, actor: Actor, fields: Sequence[Field], brought: Incoming, *, besides: frozenset[str]
) -> Submission:
    """Return what a form fills in; `exchange` notes the parameters' names for errors.

    Args:
        besides: the parameters that are no items.

    Raises:
        InvalidRequest: a parameter is no item.
        InvalidValues: a value cannot be read.
    """
    names: dict[str, str] = exchange.scope.setdefault(NAMES_KEPT, {})
    values: dict[str, object] = {}
    faults: list[FieldFault] = []
    given: dict[FieldId, tuple[Field, list[object]]] = {}
    for name, texts in brought.texts.items():
        if name in besides:
            continue
        known = item(fields, name)
        names[known.id] = name
        given.setdefault(known.id, (known, []))[1].extend(texts)
    for name, stored in brought.files.items():
        known = item(fields, name)
        names[known.id] = name
        given.setdefault(known.id, (known, []))[1].extend(int(upload.id) for upload in stored)
    for known, found in given.values():
        try:
            values[known.id] = await read_value(exchange, actor, known, found)
        except InvalidRequest as error:
            faults.append(FieldFault(field=known.id, code="type", message=error.message))
    if faults:
        raise InvalidValues(faults)
    return Submission(values=values)
