"""Service tasks of kind `mail`: a text to people, with files attached or told by addresses that work for a while.

Nobody can send mail exactly once: a server that took it may be unheard of when the connection breaks. All attempts of
one task carry the same Message-ID, by which mailboxes know repeats.
"""

import asyncio
import re
from collections.abc import Sequence
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from satchel.actions import mail_servers
from satchel.actions.calls.users import ServiceJob
from satchel.actions.context import Context
from satchel.actions.files import links
from satchel.actions.instances.ledger import Ledger
from satchel.actions.instances.run import load
from satchel.model.actor import Actor
from satchel.model.files import File, FileKind
from satchel.model.services import MailTask
from satchel.model.template import render
from satchel.model.transfer.media import essence
from satchel.outbound import mail
from satchel.outbound.failure import CallFailed

MAX_RECIPIENTS = 50
MAX_SUBJECT_CHARS = 400

_ADDRESS = re.compile(r"[^@\s<>(),;:\"\\]{1,64}@[A-Za-z0-9.-]{1,189}")
_BLANKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_POLICY = policy.SMTP


async def send(context: Context, job: ServiceJob, task: MailTask) -> dict[str, object]:
    """Send the mail; return what to note of it.

    Raises:
        CallFailed: `mail`, `timeout`, `field` or `too_large`; nobody gets it, as far as is known.
        NotFound, Forbidden, Gone: a file that is told by its address may not be seen by the user it is sent for.
    """
    mailer = await mail_servers.mailer(context, job.actor.account_id)
    if mailer is None:
        raise CallFailed("mail", mail_servers.NO_SERVER)
    message, files = await compose(context, job, task, mailer.sender)
    trust, resolve = context.http.trust, context.http.guard.resolve
    server = mailer.server
    size, refused = await mail.send(server, message, trust, resolve, within=task.timeout)
    return {
        "url": f"{server.security}://{server.host}:{server.port}",
        "to": [address.addr_spec for address in message["To"].addresses],
        "refused": refused,
        "sent_bytes": size,
        "files_sent": files,
    }


async def compose(context: Context, job: ServiceJob, task: MailTask, sender: str) -> tuple[EmailMessage, list[int]]:
    """Return the mail as it would be sent now, and the ids of the files that are attached to it."""
    async with context.database.write() as tx:  # the instance is read under its lock, and not changed
        run = await load(context, tx, job.actor, job.instance_id, Ledger())
        issuer = await job.issuer(context, tx, run.instance)
        values = await run.known_values()
        attached = [file for field in task.attach for file in run.files_in(field)]
        told = [file for field in task.link for file in run.files_in(field)]
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = _recipients(render(task.to, values))
    message["Subject"] = _BLANKS.sub(" ", render(task.subject, values)).strip()[:MAX_SUBJECT_CHARS]
    message["Date"] = format_datetime(context.clock())
    host = urlsplit(context.policy.public_url).hostname or "localhost"
    message["Message-ID"] = f"<{run.instance.uuid}.{job.call_id or 'trial'}@{host}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday reply comes back
    lines = [render(task.text, values), *[await _told(context, issuer, file, task) for file in told]]
    message.set_content("\n".join(lines).replace("\r\n", "\n") + "\n")
    await _attach(context, message, attached)
    return message, [int(file.id) for file in attached]


def _recipients(text: str) -> list[Address]:
    given = [part.strip() for part in text.split(",") if part.strip()]
    wrong = [part for part in given if not _ADDRESS.fullmatch(part)]
    if wrong or not 1 <= len(given) <= MAX_RECIPIENTS:
        shown = f"{wrong[0][:80]!r} is no e-mail address" if wrong else f"there are {len(given)}"
        raise CallFailed("mail", f"A mail goes to 1 to {MAX_RECIPIENTS} addresses with commas between; {shown}.")
    try:
        return [Address(addr_spec=part) for part in dict.fromkeys(given)]
    except (MessageError, ValueError, IndexError):
        raise CallFailed("mail", "One of the addresses is none that mail can be sent to.") from None


async def _told(context: Context, issuer: Actor, file: File, task: MailTask) -> str:
    if file.kind is not FileKind.STORED:
        return f"{file.name}: {file.url or ''}"
    seconds = min(int(task.link_lifetime.total_seconds()), links.MAX_LIFETIME_S)
    link = await links.issue(context, issuer, file.id, lifetime_s=max(1, seconds))
    return f"{link.name}: {links.address(context.policy.public_url, link)}"


async def _attach(context: Context, message: EmailMessage, files: Sequence[File]) -> None:
    """Attach files; they are held in memory, so their sum is checked before the first is read."""
    limit = context.policy.mail_bytes
    size = sum(_encoded(file) for file in files) + len(message.as_bytes())
    if size > limit:
        raise CallFailed(
            "too_large",
            f"The mail would have {size} bytes; {limit} are allowed. Send addresses (link) instead of files (attach),"
            " or raise SATCHEL_MAIL_BYTES.",
            size_bytes=size,
            limit_bytes=limit,
        )
    for file in files:
        if file.digest is None:
            raise CallFailed("field", f"{file.name} is kept elsewhere and cannot be attached; use link.")
        data = b"".join([chunk async for chunk in context.blobs.open(file.account_id, file.digest)])
        # Encoding takes some 20 ms a MiB: in a thread, so that nobody else waits for it.
        await asyncio.to_thread(_add, message, file, data)


def _add(message: EmailMessage, file: File, data: bytes) -> None:
    kind, _, subkind = (essence(file.media_type) or "application/octet-stream").partition("/")
    if kind in ("text", "message", "multipart"):  # sent as it is, whatever its characters and line ends
        kind, subkind = "application", "octet-stream"
    message.add_attachment(data, maintype=kind, subtype=subkind, filename=file.name)


def _encoded(file: File) -> int:
    """Return how long a file is as base64 in lines of 76, with the headers of its part."""
    size = file.size_bytes or 0
    return -(-size // 57) * 78 + 300 + 4 * len(file.name)
