"""Tickets: asks for an upload, looks at one, ends one (files.md §1).

A ticket names a target and reserves its size of the quota. The bytes come by `satchel.actions.files.intake`; the claim
happens in the form that names the upload.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.files import overwriting
from satchel.actions.instances import submitting
from satchel.actions.instances.places import MAX_AREA_CHARS, is_area
from satchel.actions.loading import LoadedApp
from satchel.actions.tokens import new_token, token_hash
from satchel.db import accounts as account_rows
from satchel.db import apps as app_rows
from satchel.db import instances as instance_rows
from satchel.db import storage
from satchel.db import tasks as task_rows
from satchel.db import uploads as rows
from satchel.db.accounts import Account
from satchel.db.pool import Writer
from satchel.db.trips import Later
from satchel.model.actor import Actor, Right
from satchel.model.app import Access
from satchel.model.digest import Digest
from satchel.model.errors import BadFile, Forbidden, InvalidRequest, InvalidState, NotFound, OverQuota, TooLarge
from satchel.model.fields import DEFAULT_MAX_UNCLAIMED, FieldType, FileLimits
from satchel.model.ids import AccountId, AppId, FieldId, InstanceId, TaskId, UploadId, UserId
from satchel.model.instance import Task
from satchel.model.transfer.names import clean_upload_name, extension
from satchel.model.uploads import Upload, UploadState, UploadTarget

MAX_SIZE_BYTES = 2**50
"""A guard against numbers that no disk holds."""

MAX_METADATA_ENTRIES = 50
FIRST_ATTEMPT = 1
_TIMES_ROOM_IS_MADE = 3
"""Others may take the room that was made before it is reserved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRequest:
    """What an upload is asked for; exactly one of `task`, `instance`, `app` is set.

    Attributes:
        field: None means the attachments tab.
        size_bytes: the most bytes that will come.
        sha256: what the bytes must hash to, if it is known.
        metadata: what the uploader says of an image.
        by_right: whether those with the right `modify` may ask for a task's ticket without holding the task.
        resubmission: whether the task's form must have been submitted before.
        most_bytes, most_unclaimed: limits of the caller, beside those of the field.
        image_types: what the caller takes for a field of images that does not say it itself; all images where empty.
        framing_bytes: how many of `size_bytes` at most are no file but the form that it comes in.
        is_counted: whether it counts among those that wait to be claimed; not where its own request claims it.
    """

    size_bytes: int
    task: TaskId | None = None
    instance: InstanceId | None = None
    app: str | None = None
    field: FieldId | None = None
    area: str | None = None
    name: str | None = None
    media_type: str | None = None
    sha256: Digest | None = None
    metadata: Mapping[str, object] | None = None
    by_right: bool = False
    resubmission: bool = False
    most_bytes: int | None = None
    most_unclaimed: int | None = None
    image_types: Sequence[str] = ()
    framing_bytes: int = 0
    is_counted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A fresh ticket with its secret, which is shown this once."""

    id: UploadId
    token: str
    expires_at: datetime
    name: str | None = None


async def reserve(context: Context, actor: Actor, request: UploadRequest) -> Ticket:
    """Reserve a slot for a file and return its ticket; where storage is full, old files may give way (`overwriting`).

    Raises:
        NotFound, Forbidden: the actor may not put a file there.
        InvalidState: the task or instance is closed.
        InvalidRequest: not exactly one target is named, or a number is out of range.
        BadFile: the field takes no such file, or too many uploads wait to be claimed.
        TooLarge: the field takes no file of this size.
        OverQuota: the account's storage has no room for it.
    """
    token = new_token(context.entropy, "up_")
    upload = await _with_room(context, actor, request, token, lease_until=None)
    return Ticket(id=upload.id, token=token, expires_at=upload.expires_at, name=upload.name)


async def receiving(context: Context, actor: Actor, request: UploadRequest) -> Upload:
    """Reserve a slot for a file whose bytes come with this request; it is the first writer's already (`FIRST_ATTEMPT`).

    Raises:
        As `reserve`.
    """
    token = new_token(context.entropy, "up_")
    lease_until = context.clock() + context.policy.lease
    return await _with_room(context, actor, request, token, lease_until=lease_until)


async def _with_room(
    context: Context, actor: Actor, request: UploadRequest, token: str, *, lease_until: datetime | None
) -> Upload:
    for _ in range(_TIMES_ROOM_IS_MADE):
        try:
            return await _reserve(context, actor, request, token, lease_until=lease_until)
        except OverQuota:
            if not await overwriting.make_room(context, actor, request.size_bytes):
                raise
    return await _reserve(context, actor, request, token, lease_until=lease_until)


async def _reserve(
    context: Context, actor: Actor, request: UploadRequest, token: str, *, lease_until: datetime | None
) -> Upload:
    if actor.user_id is None or [request.task, request.instance, request.app].count(None) != 2:  # noqa: PLR2004  # two of three
        raise InvalidRequest("Name exactly one target: a task, an instance, or an app.")
    if not 0 <= request.size_bytes <= MAX_SIZE_BYTES:
        raise InvalidRequest("size must be a number of bytes, 0 or more.", pointer="/size")
    if request.area is not None and not is_area(request.area):
        raise InvalidRequest(f"area has 1 to {MAX_AREA_CHARS} printable characters.", pointer="/area")
    name = clean_upload_name(request.name) if request.name is not None else None
    now = context.clock()
    expires_at = now + context.policy.ticket_lifetime
    async with context.database.write() as tx:
        place = await _place(context, tx, actor, request)
        limits, images_only = _limits(place.app, place.target, request.image_types)
        size = _check(place.max_file_bytes, request, name, limits, images_only=images_only)
        most = min(limits.max_unclaimed, request.most_unclaimed or limits.max_unclaimed)
        if request.is_counted and place.waiting >= most:
            raise BadFile(
                "too_many_unclaimed",
                f"{place.waiting} uploads wait to be claimed there; {most} are allowed. Claim or delete some.",
                limit=most,
            )
        upload = rows.reserve_upload(
            tx,
            actor.account_id,
            user=actor.user_id,
            target=place.target,
            declared_bytes=size,
            min_bytes=limits.min_bytes,
            accept=limits.accept,
            images_only=images_only,
            name=name,
            media_type=request.media_type,
            expected_digest=request.sha256,
            metadata=request.metadata or {},
            token_hash=token_hash(token),
            now=now,
            expires_at=expires_at,
            lease_until=lease_until,
        )
    if upload.result is None:
        async with context.database.read() as reader:
            raise await storage.over_quota(reader, actor.account_id, size)
    return upload.result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What a request is for, with its instance (for a start form: its user) locked.

    Attributes:
        max_file_bytes: of any file of the account.
        waiting: how many tickets for it are not claimed; 0 where that does not matter.
    """

    app: LoadedApp
    target: UploadTarget
    max_file_bytes: int
    waiting: int


async def _place(context: Context, tx: Writer, actor: Actor, request: UploadRequest) -> _Place:
    if request.app is not None:
        return await _start_form(context, tx, actor, request, request.app)
    account, task_id = actor.account_id, request.task
    asked = tx.later(instance_rows.locked(account, request.instance, task=task_id))
    asked_task = tx.later(task_rows.by_id(account, task_id)) if task_id is not None else None
    target = UploadTarget(
        app_id=AppId(0),
        instance_id=request.instance,
        task_id=task_id,
        field_id=request.field,
        area=request.area,
    )
    counted = _Counted.ask(tx, actor, target, is_counted=request.is_counted)
    await tx.trip()
    instance, task = asked.result, asked_task.result if asked_task is not None else None
    if task_id is not None and task is None:
        raise NotFound("task", task_id)
    if instance is None:
        raise NotFound("instance", request.instance)
    app = await context.apps.version(tx, account, instance.version_id)
    if task is not None:
        await _require_open_form(tx, actor, app, task, request)
    else:
        await access.require_instance_right(tx, actor, app, instance, Right.MODIFY)
        if not instance.is_running:
            raise InvalidState(f"{instance.identifier} is {instance.state.value}; it no longer accepts files.")
    return counted.place(app, replace(target, app_id=app.app_id, instance_id=instance.id))


async def _start_form(context: Context, tx: Writer, actor: Actor, request: UploadRequest, code: str) -> _Place:
    account = actor.account_id
    tx.later(account_rows.locked_user(account, actor.user_id))
    asked_row = tx.later(app_rows.by_code(account, code))
    guess = context.apps.known(account, code)
    target = UploadTarget(app_id=guess.app_id if guess else AppId(0), field_id=request.field, area=request.area)
    counted = _Counted.ask(tx, actor, target, is_counted=request.is_counted)
    await tx.trip()
    access.require_startable(actor, asked_row.result, code)
    app = await context.apps.newest_of(tx, account, code, asked_row.result)
    _require_writable(app, app.manifest.start.fields, request)
    if app.app_id != target.app_id:
        target = replace(target, app_id=app.app_id)
        counted = _Counted.ask(tx, actor, target, is_counted=request.is_counted)
        await tx.trip()
    return counted.place(app, target)


@dataclass(frozen=True, slots=True)
class _Counted:
    """What is counted for a ticket."""

    account: Later[Account | None]
    waiting: Later[int | None] | None

    @classmethod
    def ask(cls, tx: Writer, actor: Actor, target: UploadTarget, *, is_counted: bool) -> "_Counted":
        """Ask for it; nobody waits yet."""
        account, user = actor.account_id, actor.user_id or UserId(0)
        waiting = tx.later(rows.count_open(account, target, user)) if is_counted else None
        return cls(tx.later(account_rows.by_id(account)), waiting)

    def place(self, app: LoadedApp, target: UploadTarget) -> _Place:
        """Return it with what the ticket is for."""
        account = self.account.result
        if account is None:
            raise NotFound("account", target.app_id)
        waiting = 0 if self.waiting is None else self.waiting.result or 0
        return _Place(app=app, target=target, max_file_bytes=account.max_file_bytes, waiting=waiting)


async def _require_open_form(tx: Writer, actor: Actor, app: LoadedApp, task: Task, request: UploadRequest) -> None:
    """Pass those who may put a file into a task's form now."""
    if not (access.holds(actor, task) or access.is_offered_to(actor, task) or actor.may(Right.VIEW, task.app_id)):
        raise NotFound("task", task.id)
    if not task.is_open:
        raise InvalidState(f"Task {task.id} is closed ({task.state.value}) already; it no longer accepts files.")
    if not (request.by_right and actor.may(Right.MODIFY, task.app_id)):
        access.require_holder(actor, task)
    if request.resubmission:
        await submitting.require_submitted(tx, task)
    _require_writable(app, access.form_of(app, task).fields, request)


def _require_writable(app: LoadedApp, form: Mapping[FieldId, Access], request: UploadRequest) -> None:
    """Require that the form shows the field, that the field holds files, and that the form lets it change."""
    if request.field is None:
        return
    how = form.get(request.field, Access.HIDE)
    if how is Access.HIDE:
        raise NotFound("field", request.field)
    _require_files(app, request.field)
    if not how.is_writable:
        raise Forbidden(f"The form does not allow you to change {request.field}.", pointer=f"/{request.field}")


def _limits(app: LoadedApp, target: UploadTarget, image_types: Sequence[str]) -> tuple[FileLimits, bool]:
    """Return a target's limits and whether it takes images only."""
    if target.field_id is None:
        return FileLimits(max_unclaimed=DEFAULT_MAX_UNCLAIMED), False
    kind, limits = _require_files(app, target.field_id)
    images_only = kind in (FieldType.PHOTO, FieldType.SIGNATURE)
    if images_only and not limits.accept:
        limits = replace(limits, accept=tuple(image_types))
    return limits, images_only


def _require_files(app: LoadedApp, field_id: FieldId) -> tuple[FieldType, FileLimits]:
    """Return the type and the limits of a field, which must be one that has files."""
    field = app.manifest.field(field_id)
    if field is None:
        raise NotFound("field", field_id)
    if field.files is None:
        raise BadFile("not_a_file_field", f"{field.id} is of type {field.type}; it has no files.", field=field.id)
    return field.type, field.files


def _check(
    max_file_bytes: int, request: UploadRequest, name: str | None, limits: FileLimits, *, images_only: bool
) -> int:
    """Check what is known of a file before it comes, and return the most bytes that it may have."""
    most = max_file_bytes if limits.max_bytes is None else min(limits.max_bytes, max_file_bytes)
    if request.most_bytes is not None:
        most = min(most, request.most_bytes)
    if request.size_bytes - request.framing_bytes > most:
        raise TooLarge(f"A file of {request.field or 'the attachments tab'}", most, request.size_bytes)
    if request.size_bytes < limits.min_bytes:
        message = f"A file there has {limits.min_bytes} bytes at least; {request.size_bytes} were announced."
        raise BadFile("file_too_small", message, limit_bytes=limits.min_bytes, size_bytes=request.size_bytes)
    if name is not None and not _name_may_fit(limits.accept, name):
        raise BadFile(
            "file_type", f"{name} is not of a type accepted there: {', '.join(limits.accept)}.", accept=limits.accept
        )
    if request.metadata and not images_only and limits.accept and not any(_may_be_image(a) for a in limits.accept):
        raise BadFile("metadata_not_image", "Metadata is for images only, and this field accepts none.")
    if request.metadata and len(request.metadata) > MAX_METADATA_ENTRIES:
        raise InvalidRequest(f"metadata has {MAX_METADATA_ENTRIES} entries at most.", pointer="/metadata")
    return min(request.size_bytes, most)


def _name_may_fit(accept: Sequence[str], name: str) -> bool:
    """Return whether a file of this name may fit; what only the content tells is decided when the bytes are there."""
    return not accept or any(not entry.startswith(".") for entry in accept) or extension(name) in accept


def _may_be_image(accept: str) -> bool:
    return accept.startswith("image/") or accept in {".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif"}


async def find(context: Context, upload_id: UploadId, *, token: str | None, actor: Actor | None) -> Upload:
    """Return a ticket to a caller that shows its token, or to the user who asked for it.

    Raises:
        NotFound: there is no such ticket for them.
    """
    async with context.database.read() as tx:
        upload: Upload | None = None
        if token is not None:
            upload = await rows.upload_by_token(tx, upload_id, token_hash(token))
        elif actor is not None:
            upload = await rows.upload(tx, actor.account_id, upload_id)
            if upload is not None and upload.user_id != actor.user_id:
                upload = None
    if upload is None:
        raise NotFound("upload", upload_id)
    return upload


async def waiting(context: Context, actor: Actor, *, after: int, limit: int) -> list[Upload]:
    """Return a page of the actor's tickets that have not ended, by id."""
    if actor.user_id is None:
        return []
    async with context.database.read() as tx:
        return await rows.uploads_of(tx, actor.account_id, actor.user_id, after=after, limit=limit)


async def end(context: Context, upload: Upload, *, reason: str) -> None:
    """Expire a ticket that has not ended and give its reservation back; does nothing if it has ended.

    Raises:
        InvalidState: it was claimed: delete the file instead.
    """
    async with context.database.write() as tx:
        locked = await rows.lock_upload(tx, upload.account_id, upload.id)
        if locked is None or locked.state is UploadState.EXPIRED:
            return
        if locked.state is UploadState.CLAIMED:
            raise InvalidState(f"Upload {upload.id} is already a file. Delete the file instead.")
        await rows.set_expired(tx, upload.account_id, [upload.id], reason=reason, now=context.clock())
        await storage.take(tx, upload.account_id, reserved=-locked.reserved_bytes)


async def end_all(context: Context, account: AccountId, uploads: Sequence[UploadId], *, reason: str) -> None:
    """Expire those of some tickets that have not ended, in one transaction, and release what they reserved."""
    async with context.database.write() as tx:
        living = await rows.lock_living(tx, account, uploads)
        await rows.set_expired(tx, account, [one.id for one in living], reason=reason, now=context.clock())
        await storage.take(tx, account, reserved=-sum(one.reserved_bytes for one in living))
