"""Attaching: a file that comes in one request is uploaded and put in its place, or nothing of it stays."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from satchel.actions.context import Context
from satchel.actions.files import adding, intake, tickets
from satchel.actions.files.intake import Arrival
from satchel.actions.files.tickets import UploadRequest
from satchel.actions.instances import lifecycle
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.places import FilePlace, hidden
from satchel.db import files as file_rows
from satchel.model.actor import Actor
from satchel.model.errors import InvalidValues, NotFound, SatchelError
from satchel.model.fields import Field
from satchel.model.files import File
from satchel.model.ids import FileId, InstanceId


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingFile:
    """A file on its way.

    Attributes:
        chunks: its bytes.
        size_bytes: the most bytes that will come.
        framing_bytes: how many of them at most are the form around the file.
    """

    arrival: Arrival
    chunks: AsyncIterator[bytes]
    size_bytes: int
    framing_bytes: int = 0


async def attach(
    context: Context, actor: Actor, instance: InstanceId, field: Field | None, coming: IncomingFile
) -> File:
    """Receive a file into a field (None: the attachments tab) and return it, whether or not the actor may view it.

    It replaces what a field of one file holds.

    Raises:
        NotFound, Forbidden: the actor may not change the instance.
        InvalidState: it does not run any more.
        TooLarge, BadFile, InvalidValues: the field does not take the file.
        OverQuota, DiskFull: there is no room for it.
    """
    place = FilePlace(field=None if field is None else field.id)
    request = UploadRequest(
        size_bytes=coming.size_bytes,
        framing_bytes=coming.framing_bytes,
        instance=instance,
        field=place.field,
        name=coming.arrival.name,
        media_type=coming.arrival.media_type,
    )
    ticket = await tickets.reserve(context, actor, request)
    upload = await tickets.find(context, ticket.id, token=ticket.token, actor=None)
    try:
        await intake.receive(context, upload, coming.chunks, coming.arrival)
        if field is not None and field.files is not None and field.files.max_files == 1:
            given = Submission(values={field.id: [int(upload.id)]})
            await lifecycle.change_values(context, actor, instance, given, expected=None)
            if given.ignored:
                raise InvalidValues([hidden(field.id, field.label)])  # noqa: TRY301  # it ends the ticket like others
        else:
            await adding.attach(context, actor, instance, [int(upload.id)], place)
    except BaseException:
        with suppress(SatchelError):  # its lifetime ends it where this cannot
            await tickets.end(context, upload, reason="not_attached")
        raise
    async with context.database.read() as tx:
        made = await file_rows.file(tx, actor.account_id, FileId(int(upload.id)))
    if made is None:
        raise NotFound("file", upload.id)
    return made
