"""Files that come together in one request: each is taken in as it comes; one transaction claims all, or none stays.

What a file is called, and which area of the attachments tab it is for, may come after its bytes; so a file is labelled
at the end. Until a form claims them they are uploads like all others, and a request that fails ends those that it made.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.files.incoming import Incoming
from satchel.actions.files.intake import Arrival
from satchel.actions.files.tickets import UploadRequest
from satchel.actions.instances import claims
from satchel.actions.instances.claims import ClaimScope
from satchel.actions.instances.forms import Form, Submission, submit
from satchel.actions.instances.places import MAX_AREA_CHARS, is_area, require_running
from satchel.actions.instances.run import change
from satchel.blobs.store import HEAD_BYTES
from satchel.db import uploads as rows
from satchel.model.actor import Actor, Right
from satchel.model.errors import FieldFault, InvalidValues
from satchel.model.ids import FieldId, InstanceId
from satchel.model.linked_files import MAX_URL_CHARS, NewLinkedFile, checked_description
from satchel.model.transfer.media import media_type
from satchel.model.transfer.names import clean_upload_name
from satchel.model.uploads import Upload, UploadLabel


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a file that came is called, and which field, or which area of the attachments tab, it is for."""

    name: str
    area: str | None = None
    field: FieldId | None = None


class Arrivals:
    """The files of one request for the attachments tab of an instance, or for that of the instance an app will start.

    Args:
        context: of the server.
        actor: who sends them.
        instance: where they go.

    Attributes:
        app: the code of the app, where they come with a start; known at the latest when the first file comes.
        incoming: their uploads.
    """

    def __init__(self, context: Context, actor: Actor, *, instance: InstanceId | None = None) -> None:
        self.app: str | None = None
        self._context = context
        self._actor = actor
        self._instance = instance
        self.incoming = Incoming(context, actor)

    async def take(self, chunks: AsyncIterator[bytes], *, most_bytes: int) -> int:
        """Take a file's bytes in and return its number.

        Args:
            chunks: the bytes.
            most_bytes: a bound for how many there can be; so much is reserved until they are there.

        Raises:
            NotFound, Forbidden: the actor may not put a file there.
            InvalidState: nothing can be added there any more.
            TooLarge: it is larger than files may be.
            OverQuota, DiskFull: there is no room for it.
        """
        request = UploadRequest(size_bytes=most_bytes, instance=self._instance, app=self.app)
        return int((await self.incoming.take(request, chunks, Arrival())).id)

    async def label(self, labels: Mapping[int, Label]) -> None:
        """Give files that came, by their numbers, their names, and their areas or fields.

        Raises:
            BadFile: a name is empty.
            InvalidValues: an area's name is too long.
        """
        known: list[UploadLabel] = []
        for number, label in labels.items():
            upload, name = self.incoming.uploads[number], clean_upload_name(label.name)
            _check_area(label.area)
            kind = media_type(await self._head(upload), name, None)
            known.append(UploadLabel(id=upload.id, name=name, media_type=kind, field=label.field, area=label.area))
        if known:
            async with self._context.database.write() as tx:
                rows.set_labels(tx, self._actor.account_id, known)

    async def _head(self, upload: Upload) -> bytes:
        size = min(upload.size_bytes or 0, HEAD_BYTES)
        if upload.digest is None or size == 0:
            return b""
        async with aclosing(self._context.blobs.open(upload.account_id, upload.digest, 0, size)) as chunks:
            return b"".join([chunk async for chunk in chunks])


@asynccontextmanager
async def arriving(context: Context, actor: Actor, *, instance: InstanceId | None = None) -> AsyncGenerator[Arrivals]:
    """Yield `Arrivals`; when the request fails, for whatever reason, none of its files stays."""
    arrivals = Arrivals(context, actor, instance=instance)
    async with arrivals.incoming.discarded_on_failure():
        yield arrivals


def link(target: str, *, description: str = "", area: str | None = None) -> NewLinkedFile:
    """Return a link to any target: an address of any scheme, a path, or a text. Nothing in the server follows it.

    Raises:
        InvalidValues: it is empty, too long or not printable, or the description or the area is too long.
    """
    if not target.strip() or len(target) > MAX_URL_CHARS or not target.isprintable():
        message = f"A link has 1 to {MAX_URL_CHARS} printable characters."
        raise InvalidValues([FieldFault(field="url", code="type", message=message)])
    _check_area(area)
    last = target.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return NewLinkedFile(
        url=target.strip(),
        name=clean_upload_name(last or "link"),
        description=checked_description(description),
        area=area,
    )


def _check_area(area: str | None) -> None:
    if area is not None and not is_area(area):
        message = f"An area has 1 to {MAX_AREA_CHARS} printable characters."
        raise InvalidValues([FieldFault(field="area", code="length", message=message)])


async def attach(context: Context, actor: Actor, instance_id: InstanceId, given: Submission) -> None:
    """Put files that came and links into the attachments tab of an instance, all or none.

    Args:
        context: of the server.
        actor: who does.
        instance_id: where they go.
        given: its attachments with their descriptions, and links; no values.

    Raises:
        NotFound, Forbidden: the actor may not modify the instance.
        InvalidState: it does not run any more.
        InvalidValues: a file is refused; nothing was attached.
    """
    for text in given.descriptions.values():
        checked_description(text)
    async with change(context, actor, instance_id, named=given.attachments) as run:
        await access.require_instance_right(run.tx, actor, run.app, run.instance, Right.MODIFY)
        require_running(run)
        locked = await claims.named_uploads(run, given.attachments)
        form = Form(access={}, scope=ClaimScope(instance=True))
        saved = await submit(run, form, given, locked, complete=False)
        await run.event("file.added", file=saved.added[0] if saved.added else None, data=saved.as_data())
