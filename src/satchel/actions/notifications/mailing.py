"""Mail about notifications: gathered by person, and sent by a job, each at most once.

The tick makes a mail of what is due for a person; one that waits takes up what comes meanwhile, and two mails to the
same person are at least `PAUSE` apart, so that a storm of events is a few mails. A job sends some mails over one
connection. Right before a mail's content goes to the server, the mail is noted as handed over; if the worker dies after
that, or the connection breaks, nobody can know whether it arrived, and it is not sent again: the application lists what
it was about. Whatever fails before is tried again.

A server that cannot be reached rests: then one mail at a time finds out whether it is back.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from satchel.actions.context import Context
from satchel.actions.notifications.letters import zone_of
from satchel.db import mail_servers as server_rows
from satchel.db import mailings as rows
from satchel.db.mailings import DueMailing
from satchel.model.ids import AccountId, MailingId
from satchel.queue.enqueue import SEND_NOTIFICATIONS

AT_ONCE: Final = 500
"""How many mails one tick enqueues."""

OF_A_JOB: Final = 25
"""How many mails a job sends over one connection."""

PAUSE: Final = timedelta(minutes=1)
"""Between two mails to the same person."""

LEASE: Final = timedelta(minutes=15)
"""How long a job may take for its mails before they are another's."""

_KEPT_AT_ONCE: Final = 5_000


async def plan(context: Context) -> int:
    """Make mails of what is due, and enqueue those that are; return how many people or mails that were."""
    now = context.clock()
    async with context.database.read() as tx:
        unplanned, is_waiting = await rows.what_waits(tx, now)
    if unplanned:
        async with context.database.write() as tx:
            moments = [next_digest(now, one.time_zone, one.digest_minute) for one in unplanned]
            await rows.plan(tx, [(one.account_id, one.user_id, at) for one, at in zip(unplanned, moments, strict=True)])
    gathered = await _gather(context, now) if is_waiting else 0
    return max(len(unplanned), gathered, await _enqueue_due(context, now))


async def _gather(context: Context, now: datetime) -> int:
    async with context.database.write() as tx:
        if context.mail_server is None and (silent := await server_rows.accounts_that_cannot_mail(tx)):
            await rows.keep_in_list(tx, silent, _KEPT_AT_ONCE)
        gathered = await rows.gather(tx, now, PAUSE)
        await rows.release_lost(tx, now)
    return gathered


def next_digest(now: datetime, time_zone: str, minute: int) -> datetime:
    """Return when the next digest of a person comes, by the clocks where they are."""
    zone = zone_of(time_zone)
    today = now.astimezone(zone).date()
    for day in (today, today + timedelta(days=1)):
        moment = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone).astimezone(UTC)
        if moment > now:
            return moment
    return now + timedelta(days=1)


async def _enqueue_due(context: Context, now: datetime) -> int:
    async with context.database.read() as tx:
        found = await rows.due(tx, now, AT_ONCE)
    of_account: dict[AccountId, list[DueMailing]] = {}
    for one in found:
        known = of_account.setdefault(one.account_id, [])
        if one.failing_since is None or not known:  # while its server fails, one mail of an account finds out
            known.append(one)
    for account, due in of_account.items():
        await _enqueue(context, account, due, now)
    return len(found) if all(one.failing_since is None for one in found) else 0


async def _enqueue(context: Context, account: AccountId, due: Sequence[DueMailing], now: datetime) -> None:
    async with context.database.write() as tx:
        if due[0].failing_since is not None:
            await server_rows.set_rest(tx, account, now + LEASE)
        taken = sorted(await rows.postpone(tx, [one.id for one in due], now, now + LEASE))
        jobs = [taken[at : at + OF_A_JOB] for at in range(0, len(taken), OF_A_JOB)]
        arguments: list[dict[str, int | str | None]] = [
            {"account": account, "mailings": ",".join(map(str, job))} for job in jobs
        ]
        await context.queue.enqueue(tx, SEND_NOTIFICATIONS, *arguments)


def named(mailings: str) -> list[MailingId]:
    """Return the mails that the arguments of a job name."""
    return [MailingId(int(number)) for number in mailings.split(",") if number]
