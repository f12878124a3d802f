"""Files that come in the form that claims them: each becomes an upload while it comes; a form refused leaves none."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from satchel.actions.context import Context
from satchel.actions.files.incoming import Incoming
from satchel.actions.files.intake import Arrival
from satchel.actions.files.tickets import UploadRequest
from satchel.model.actor import Actor
from satchel.model.digest import Digest
from satchel.model.errors import FieldFault, InvalidValues, NotFound
from satchel.model.ids import FieldId, InstanceId, TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class FormTarget:
    """What the form is for: exactly one of a task, an instance and the start of an app."""

    task: TaskId | None = None
    instance: InstanceId | None = None
    app: str | None = None


@dataclass(slots=True, kw_only=True)
class FormFiles:
    """The files of one form.

    Attributes:
        incoming: their uploads.
        target: what the form is for.
        added: numbers of uploads by field.
        attachments: numbers of uploads for the attachments tab.
        digests: of all of them, in the order in which they came.
    """

    incoming: Incoming
    target: FormTarget
    added: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    attachments: list[int] = field(default_factory=list[int])
    digests: list[Digest] = field(default_factory=list[Digest])

    async def take(
        self,
        chunks: AsyncIterator[bytes],
        *,
        place: str | None,
        area: str | None,
        name: str,
        media_type: str | None,
        most_bytes: int,
    ) -> None:
        """Take a file in.

        Args:
            chunks: its bytes.
            place: the field that it is for; None for the attachments tab.
            area: of the tab.
            name: of the file, as the sender says.
            media_type: as the sender says.
            most_bytes: a bound for how many there can be; so much is reserved until they are there.

        Raises:
            NotFound, Forbidden: the actor may not put a file there.
            InvalidState: the task or instance is closed.
            InvalidValues: there is no such field.
            TooLarge, BadFile: the field does not take the file.
            OverQuota, DiskFull: there is no room for it.
        """
        request = UploadRequest(
            size_bytes=most_bytes,
            task=self.target.task,
            instance=self.target.instance,
            app=self.target.app,
            field=None if place is None else FieldId(place),
            area=area,
            name=name,
            media_type=media_type,
        )
        try:
            received = await self.incoming.take(request, chunks, Arrival(name=name, media_type=media_type))
        except NotFound as error:
            if error.members.get("what") != "field":
                raise
            message = "This form does not accept a file for it."
            raise InvalidValues([FieldFault(field=(place or "")[:80], code="not_writable", message=message)]) from None
        if received.digest is not None:
            self.digests.append(received.digest)
        (self.attachments if place is None else self.added.setdefault(place, [])).append(int(received.id))


@asynccontextmanager
async def coming(context: Context, actor: Actor, target: FormTarget) -> AsyncGenerator[FormFiles]:
    """Yield `FormFiles`; when the request fails, for whatever reason, none of its files stays."""
    files = FormFiles(incoming=Incoming(context, actor), target=target)
    async with files.incoming.discarded_on_failure():
        yield files
