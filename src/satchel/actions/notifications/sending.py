"""Sends mails about notifications; see `satchel.actions.notifications.mailing` for when, and how often.

Whether a person may see what they were notified of, and still wants mail about it, is asked again here.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from email.errors import MessageError
from typing import Final

import structlog

from satchel.actions import access, mail_servers
from satchel.actions.context import Context
from satchel.actions.identity.actors import as_actor
from satchel.actions.notifications import choices
from satchel.actions.notifications.letters import Letter, composed
from satchel.actions.notifications.mailing import LEASE
from satchel.db import credentials as people
from satchel.db import keys
from satchel.db import mail_servers as server_rows
from satchel.db import mailings as rows
from satchel.db import notification_settings as settings_rows
from satchel.db import tasks as task_rows
from satchel.db.lists import notifications as list_rows
from satchel.db.mailings import Ended, TakenMailing
from satchel.model.actor import Actor, Right
from satchel.model.ids import AccountId, AppId, MailingId, TaskId
from satchel.model.instance import Task
from satchel.model.mail import Mailer
from satchel.model.notifications import Channel, Notification, NotificationKind, Preferences
from satchel.outbound.failure import CallFailed
from satchel.outbound.mail_session import MailSession, MailUncertain, open_session

PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 480))
"""Before the next attempt of a mail that the server does not take for now."""

GIVE_UP_AFTER: Final = timedelta(days=2)
"""Older news is no longer sent."""

RESTS: Final = timedelta(minutes=10)
"""How long a server that fails rests at most between two attempts; at first a tenth of the time that it has failed."""

LOOKED_AT: Final = 200
"""How many notifications of a mail are read; the mail says that there are more."""

_SHORTEST_REST: Final = timedelta(seconds=10)
_RUN_BYTES: Final = 12
_MESSAGE_CHARS: Final = 300

_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class _Job:
    """A job that sends mails.

    Attributes:
        ended: how mails ended that this is not recorded of yet; it is, with the next that is handed over.
    """

    context: Context
    account: AccountId
    run: str
    mailer: Mailer
    ended: list[Ended] = field(default_factory=list[Ended])

    def end(self, mailing: MailingId, state: str, reason: str | None = None, message: str | None = None) -> None:
        """Note how a mail ended."""
        shown = None if message is None else message[:_MESSAGE_CHARS]
        self.ended.append(Ended(id=mailing, state=state, reason=reason, message=shown))


async def send(context: Context, account: AccountId, mailings: Sequence[MailingId]) -> None:
    """Send mails of an account that wait, or that a job which died had taken; does nothing for all others."""
    now, run = context.clock(), context.entropy(_RUN_BYTES).hex()
    async with context.database.write() as tx:
        taken = await rows.take(tx, account, mailings, run=run, now=now, until=now + LEASE)
    if not taken:
        return
    try:
        mailer = await mail_servers.mailer(context, account)
    except CallFailed as error:
        await _rest(context, account, taken, run, error)
        return
    if mailer is None:
        await _end_all(context, account, run, [Ended(id=one.id, state="dropped", reason="no_server") for one in taken])
        return
    job = _Job(context=context, account=account, run=run, mailer=mailer)
    try:
        letters = await _letters(job, taken)
        await _send_all(job, letters, {one.id: one for one in taken})
    finally:
        await _end_all(context, account, run, job.ended)


async def _end_all(context: Context, account: AccountId, run: str, ended: Sequence[Ended]) -> None:
    if ended:
        async with context.database.write() as tx:
            rows.end(tx, account, ended, run=run, now=context.clock())


# What is sent


async def _letters(job: _Job, taken: Sequence[TakenMailing]) -> list[Letter]:
    """Return what the mails say, but for those that have nothing to say (any more) or nobody to say it to."""
    context, account = job.context, job.account
    users = sorted({one.user_id for one in taken})
    async with context.database.read() as tx:
        lines = await list_rows.of_mails(tx, account, [one.id for one in taken], of_each=LOOKED_AT)
        numbers = {line.notification.task_id for line in lines if line.notification.task_id is not None}
        found = await task_rows.tasks_numbered(tx, account, sorted(numbers))
        actors = {one.user_id: as_actor(one, None) for one in await people.identities(tx, account, users)}
        chosen = await settings_rows.preferences(tx, account, users)
        key = await keys.newest_key(tx)
    tasks: Mapping[TaskId, Task] = {task.id: task for task in found}
    letters: list[Letter] = []
    for one in taken:
        person, wants = actors.get(one.user_id), chosen.get(one.user_id, choices.NO_CHOICES)
        read = [line.notification for line in lines if line.mailing_id == one.id]
        news = [said for said in read if person is not None and is_news(person, wants, said, tasks)]
        if context.clock() - one.created_at > GIVE_UP_AFTER:
            job.end(one.id, "failed", "too_late")
        elif person is None or not mail_servers.is_address(person.email):
            job.end(one.id, "dropped", "no_address")
        elif not news:
            job.end(one.id, "dropped", "nothing_new")
        else:
            letter = Letter(
                account_id=account,
                mailing_id=one.id,
                person=person,
                sender=job.mailer.sender,
                public_url=context.policy.public_url,
                stop_url=choices.stop_url(context, account, one.user_id, key),
                notifications=news,
                has_more=len(read) == LOOKED_AT,
                now=context.clock(),
            )
            letters.append(letter)
    return letters


def is_news(person: Actor, wants: Preferences, said: Notification, tasks: Mapping[TaskId, Task]) -> bool:
    """Return whether a person may see what they were notified of and has not, it still waits, and they want mail."""
    if said.read_at is not None or not wants.mail or wants.choices.get(said.kind) in (Channel.LIST, Channel.NONE):
        return False
    if said.instance_id is None:
        return True  # a number of tasks, which says nothing of any
    task = tasks.get(said.task_id) if said.task_id is not None else None
    return said.is_current and said.app_id is not None and _may_see(person, said.kind, said.app_id, task)


def _may_see(person: Actor, kind: NotificationKind, app: AppId, task: Task | None) -> bool:
    """Return whether a person may see what a notification is about, which still waits."""
    may_view = person.may(Right.VIEW, app)
    match kind:
        case NotificationKind.MENTIONED:
            return may_view
        case NotificationKind.INCIDENT:
            return may_view and person.may(Right.MANAGE, app)
        case NotificationKind.ESCALATED:
            return may_view and task is not None
        case NotificationKind.ASSIGNED | NotificationKind.HANDED_OVER:
            return task is not None and access.holds(person, task)
        case NotificationKind.OFFERED:
            return task is not None and access.is_offered_to(person, task)
        case NotificationKind.DUE_SOON | NotificationKind.OVERDUE:
            return task is not None and (access.holds(person, task) or access.is_offered_to(person, task))


# How it is sent


async def _send_all(job: _Job, letters: Sequence[Letter], taken: Mapping[MailingId, TakenMailing]) -> None:
    """Send letters over one connection, or another where that broke; stop where the server cannot be reached."""
    waiting = list(letters)
    is_second_try = False
    while waiting:
        try:
            async with _session(job) as session:
                while waiting and session.is_usable:
                    await _send_first(job, session, waiting, taken)
                    is_second_try = False
        except CallFailed as error:  # the server, not one mail
            if is_second_try or error.reason == "timeout":
                await _rest(job.context, job.account, [taken[one.mailing_id] for one in waiting], job.run, error)
                return
            is_second_try = True
    if letters:
        async with job.context.database.write() as tx:
            await server_rows.set_well(tx, job.account)


def _session(job: _Job) -> AbstractAsyncContextManager[MailSession]:
    trust, resolve = job.context.http.trust, job.context.http.guard.resolve
    return open_session(job.mailer.server, trust, resolve, within=job.context.policy.mail_timeout)


async def _send_first(
    job: _Job, session: MailSession, waiting: list[Letter], taken: Mapping[MailingId, TakenMailing]
) -> None:
    """Send the first letter that waits, and take it from them unless nothing of it was sent.

    Raises:
        CallFailed: the server cannot be reached any more.
    """
    mailing = taken[waiting[0].mailing_id]
    try:
        message = composed(waiting[0])
    except (MessageError, ValueError, LookupError) as error:  # one that cannot be written must not hold up the others
        waiting.pop(0)
        job.end(mailing.id, "failed", "format", str(error))
        return
    try:
        await session.offer(message)
    except CallFailed as error:
        if not session.is_usable:
            raise
        waiting.pop(0)
        await _refused(job, mailing, error)
        return
    waiting.pop(0)
    if not await _hand_over(job, mailing.id):
        session.abandon()  # it is another job's by now
        return
    try:
        await session.hand_over()
    except MailUncertain as uncertain:
        _log.warning("notification.uncertain", account=job.account, mailing=mailing.id)
        job.end(mailing.id, "unknown", "connection_lost", str(uncertain))
        raise CallFailed("mail", str(uncertain), is_temporary=True) from None
    except CallFailed as error:
        await _refused(job, mailing, error)
    else:
        job.end(mailing.id, "sent")


async def _hand_over(job: _Job, mailing: MailingId) -> bool:
    now, ended, job.ended = job.context.clock(), job.ended, []
    async with job.context.database.write() as tx:
        rows.end(tx, job.account, ended, run=job.run, now=now)
        handed_over = rows.hand_over(tx, job.account, mailing, run=job.run, until=now + LEASE)
    return handed_over.result > 0


async def _refused(job: _Job, mailing: TakenMailing, error: CallFailed) -> None:
    """Try a mail again later that the server does not take for now; give up one that it never will."""
    if not error.is_temporary:
        job.end(mailing.id, "failed", "refused", error.message)
        return
    due_at = job.context.clock() + PAUSES[min(mailing.attempt, len(PAUSES)) - 1]
    async with job.context.database.write() as tx:
        rows.try_again(
            tx, job.account, [mailing.id], run=job.run, due_at=due_at, message=error.message[:_MESSAGE_CHARS]
        )


async def _rest(
    context: Context, account: AccountId, waiting: Sequence[TakenMailing], run: str, error: CallFailed
) -> None:
    """Let the mail of an account rest; what waits is due again at once, when that is over."""
    now, message = context.clock(), error.message[:_MESSAGE_CHARS]
    async with context.database.write() as tx:
        known = await server_rows.mail_server(tx, account)
        since = known.failing_since if known is not None and known.failing_since is not None else now
        rest = max(min((now - since) / 10, RESTS), _SHORTEST_REST)
        await server_rows.set_failing(tx, account, now=now, rests_until=now + rest, failure=message)
        rows.try_again(tx, account, [one.id for one in waiting], run=run, due_at=now, message=message)
    _log.warning("mail.rests", account=account, message=message, rests_s=rest.total_seconds())
