"""The texts of mails about notifications, by language: another one is another `Texts` in `TEXTS`.

A person's language is what they chose as their locale; where its texts are missing, they get English.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from satchel.model.notifications import NotificationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The texts of one language.

    Attributes:
        language: its tag.
        subject: of a mail about one notification, by kind; with `{what}`.
        line: what happened, by kind; with `{by}`, which is `somebody` where nobody did it.
        line_of_many: the same of several tasks, with `{count}`; of the kinds that come in numbers.
        several: the subject of a mail about several notifications, with `{count}`.
        moment: writes a local time, with the name of its zone.
    """

    language: str
    subject: Mapping[NotificationKind, str]
    line: Mapping[NotificationKind, str]
    line_of_many: Mapping[NotificationKind, str]
    several: str
    greeting: str
    somebody: str
    due: str
    more: str
    open_task: str
    open_instance: str
    open_work: str
    why: str
    settings: str
    stop: str
    moment: Callable[[datetime, str], str]


def _english_moment(at: datetime, zone: str) -> str:
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    months = (
        *("January", "February", "March", "April", "May", "June", "July"),
        *("August", "September", "October", "November", "December"),
    )
    day = f"{days[at.weekday()]}, {at.day} {months[at.month - 1]} {at.year}"
    return f"{day}, {at:%H:%M} ({zone})"


ENGLISH: Final = Texts(
    language="en",
    subject={
        NotificationKind.ASSIGNED: "Your task: {what}",
        NotificationKind.OFFERED: "New task for your group: {what}",
        NotificationKind.HANDED_OVER: "Assigned to you: {what}",
        NotificationKind.DUE_SOON: "Due soon: {what}",
        NotificationKind.OVERDUE: "Overdue: {what}",
        NotificationKind.ESCALATED: "Late: {what}",
        NotificationKind.INCIDENT: "Stopped: {what}",
        NotificationKind.MENTIONED: "You were mentioned: {what}",
    },
    line={
        NotificationKind.ASSIGNED: "This task is assigned to you.",
        NotificationKind.OFFERED: "You can claim this task.",
        NotificationKind.HANDED_OVER: "{by} assigned this task to you.",
        NotificationKind.DUE_SOON: "This task is due soon.",
        NotificationKind.OVERDUE: "This task is overdue.",
        NotificationKind.ESCALATED: "This task is late.",
        NotificationKind.INCIDENT: "This instance has stopped and needs you.",
        NotificationKind.MENTIONED: "{by} mentioned you in a comment.",
    },
    line_of_many={
        NotificationKind.DUE_SOON: "{count} tasks are due soon.",
        NotificationKind.OVERDUE: "{count} tasks are overdue.",
        NotificationKind.ESCALATED: "{count} tasks are late.",
    },
    several="{count} notifications from your processes",
    greeting="Hello {name},",
    somebody="Somebody",
    due="Due: {moment}",
    more="There is more; the application lists everything.",
    open_task="Open the task",
    open_instance="Open the instance",
    open_work="Open your work",
    why="You get this mail because you work with processes in Satchel.",
    settings="Change what you are notified of",
    stop="Get no more mail",
    moment=_english_moment,
)

TEXTS: Final[Mapping[str, Texts]] = MappingProxyType({"en": ENGLISH})
"""The languages, by the first part of a language tag."""


def texts_for(locale: str) -> Texts:
    """Return the texts for a person's locale."""
    return TEXTS.get(locale.partition("-")[0].lower(), ENGLISH)
