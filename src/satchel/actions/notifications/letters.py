"""Letters: what a mail about notifications says, as plain text and as simple HTML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from satchel.model.actor import Actor
from satchel.model.ids import AccountId, MailingId
from satchel.model.notification_texts import Texts, texts_for
from satchel.model.notifications import OF_TASKS, Notification, NotificationKind

MOST_LINES: Final = 50
"""How many notifications a mail names."""

_BLANKS: Final = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_SUBJECT_CHARS: Final = 200
_STYLE: Final = "font-family: sans-serif; max-width: 40em"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What goes into one mail.

    Attributes:
        notifications: those that the person may see, oldest first.
        has_more: whether there are more than these.
        stop_url: where one click ends all mail to the person.
    """

    account_id: AccountId
    mailing_id: MailingId
    person: Actor
    sender: str
    public_url: str
    stop_url: str
    notifications: Sequence[Notification]
    has_more: bool
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A notification in words: what happened, to what, when it is due, a quotation, and where to look."""

    happened: str
    what: str
    due: str
    quoted: str
    link: str
    url: str


def composed(letter: Letter) -> EmailMessage:
    """Return the mail of a letter."""
    texts = texts_for(letter.person.locale)
    merged = _merged(letter.notifications)
    entries = [_entry(letter, texts, one) for one in merged[:MOST_LINES]]
    has_more = letter.has_more or len(merged) > MOST_LINES
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = letter.sender
    message["To"] = Address(display_name=_line(letter.person.name), addr_spec=letter.person.email)
    message["Subject"] = _subject(texts, merged)
    message["Date"] = format_datetime(letter.now)
    host = urlsplit(letter.public_url).hostname or "localhost"
    message["Message-ID"] = f"<notification.{letter.account_id}.{letter.mailing_id}@{host}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday reply comes back
    message["List-Unsubscribe"] = f"<{letter.stop_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message.set_content(_plain(letter, texts, entries, has_more=has_more), cte="quoted-printable")
    html = _html(letter, texts, entries, has_more=has_more)
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message


def zone_of(time_zone: str) -> ZoneInfo:
    """Return a person's time zone; UTC where this machine does not know it, whose table may be older."""
    try:
        return ZoneInfo(time_zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")


def _merged(found: Sequence[Notification]) -> list[Notification]:
    """Return notifications with those of many tasks as one of each kind, at its first place."""
    merged: list[Notification] = []
    places: dict[NotificationKind, int] = {}
    for one in found:
        if one.instance_id is not None:
            merged.append(one)
        elif one.kind in places:
            at = places[one.kind]
            merged[at] = replace(merged[at], count=merged[at].count + one.count)
        else:
            places[one.kind] = len(merged)
            merged.append(one)
    return merged


def _subject(texts: Texts, found: Sequence[Notification]) -> str:
    if len(found) > 1:
        return texts.several.format(count=len(found))
    (one,) = found
    if one.instance_id is None:
        return texts.line_of_many[one.kind].format(count=one.count)
    return _line(texts.subject[one.kind].format(what=_what(one)))[:_SUBJECT_CHARS]


def _what(one: Notification) -> str:
    """Return what a notification is about, on one line."""
    named = f"{one.identifier} {one.title}" if one.title and one.title != one.identifier else str(one.identifier)
    task = f"{one.task_name}: " if one.task_name and one.kind is not NotificationKind.MENTIONED else ""
    return _line(f"{task}{named}")


def _entry(letter: Letter, texts: Texts, one: Notification) -> _Entry:
    url = f"{letter.public_url}{one.page}"
    if one.instance_id is None:
        happened = texts.line_of_many[one.kind].format(count=one.count)
        return _Entry(happened=happened, what="", due="", quoted="", link=texts.open_work, url=url)
    due = ""
    if one.due_at is not None and one.kind in OF_TASKS:
        zone = zone_of(letter.person.time_zone)
        due = texts.due.format(moment=texts.moment(one.due_at.astimezone(zone), zone.key))
    return _Entry(
        happened=texts.line[one.kind].format(by=_line(one.by_name or texts.somebody)),
        what=f"{_what(one)} ({_line(one.app_name or '')})",
        due=due,
        quoted=one.text,
        link=texts.open_task if one.kind in OF_TASKS else texts.open_instance,
        url=url,
    )


def _plain(letter: Letter, texts: Texts, entries: Sequence[_Entry], *, has_more: bool) -> str:
    lines = [texts.greeting.format(name=_line(letter.person.name)), ""]
    for entry in entries:
        quoted = [f"> {line}" for line in entry.quoted.splitlines()]
        lines += [*filter(None, (entry.what, entry.happened, entry.due)), *quoted, f"{entry.link}: {entry.url}", ""]
    if has_more:
        lines += [texts.more, ""]
    lines += ["-- ", texts.why, f"{texts.settings}: {letter.public_url}/me", f"{texts.stop}: {letter.stop_url}", ""]
    return "\n".join(lines)


def _html(letter: Letter, texts: Texts, entries: Sequence[_Entry], *, has_more: bool) -> str:
    body = [f"<p>{escape(texts.greeting.format(name=_line(letter.person.name)))}</p>"]
    for entry in entries:
        what = f"<strong>{escape(entry.what)}</strong><br>" if entry.what else ""
        due = f"<br>{escape(entry.due)}" if entry.due else ""
        quoted = f"<blockquote>{escape(entry.quoted).replace(chr(10), '<br>')}</blockquote>" if entry.quoted else ""
        link = _anchor(entry.link, entry.url)
        body.append(f"<div><p>{what}{escape(entry.happened)}{due}</p>{quoted}<p>{link}</p></div>")
    if has_more:
        body.append(f"<p>{escape(texts.more)}</p>")
    ends = " · ".join((_anchor(texts.settings, f"{letter.public_url}/me"), _anchor(texts.stop, letter.stop_url)))
    body.append(f"<hr><p><small>{escape(texts.why)}<br>{ends}</small></p>")
    return (
        f'<!DOCTYPE html>\n<html lang="{texts.language}"><body style="{_STYLE}">\n'
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _anchor(text: str, url: str) -> str:
    return f'<a href="{escape(url)}">{escape(text)}</a>'


def _line(text: str) -> str:
    """Return a text on one line, so that it cannot become a header or break a layout."""
    return _BLANKS.sub(" ", text).strip()
