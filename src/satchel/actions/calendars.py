"""Calendars: when an account works, for what is due in working time.

Holidays come from the library `holidays`; which it knows of a country is its answer of the day, so that a later version
may know more. What was computed with a calendar stays as it is when the calendar changes.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.db import calendars as rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor
from satchel.model.app_yaml.section import meant
from satchel.model.errors import FieldFault, InvalidValues
from satchel.model.ids import AccountId
from satchel.model.working_time import (
    WEEKDAYS,
    Due,
    Hours,
    NoWorkingTimeError,
    WorkCalendar,
    due_at,
    hours_text,
    overlap,
    parse_hours,
)

MAX_DAYS = 1_000
"""How many own days a calendar may have."""
MAX_HOURS = 24
"""How many parts the hours of a day may have."""
MAX_DAY_NAME_CHARS = 200

_LANGUAGE = "en_US"
"""Of the names of holidays; without it, they would be in that of the server's environment."""

_YEARS = (1970, 2200)
"""For which years holidays are looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDay:
    """A day on which an account works at other times than its weekday says; without hours, not at all."""

    day: date
    name: str
    hours: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When an account works, as it is set and stored.

    Attributes:
        time_zone: an IANA name.
        hours: by the English name of the weekday; each is one such as `09:00-17:00`. On others nobody works.
        country: of which nobody works on public holidays, by ISO 3166-1 (two letters); None for none.
        subdivision: of the country, by ISO 3166-2 without the country.
        days: of the account's own.
    """

    time_zone: str = "UTC"
    hours: Mapping[str, Sequence[str]] = field(default_factory=lambda: dict.fromkeys(WEEKDAYS[:5], ("09:00-17:00",)))
    country: str | None = None
    subdivision: str | None = None
    days: Sequence[OwnDay] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """A public holiday."""

    day: date
    name: str


async def read(context: Context, actor: Actor) -> Calendar:
    """Return the calendar of the actor's account; without one that was set, Monday to Friday, 9 to 17 in UTC."""
    async with context.database.read() as tx:
        return await of_account(tx, actor.account_id)


async def of_account(tx: Reader, account: AccountId) -> Calendar:
    """Return an account's calendar."""
    stored = await tx.ask(rows.settings(account))
    return Calendar() if stored is None else msgspec.convert(stored, Calendar)


async def set_calendar(context: Context, actor: Actor, calendar: Calendar) -> None:
    """Set when the actor's account works.

    Raises:
        Forbidden: the actor is no administrator.
        InvalidValues: the time zone, country or subdivision is unknown, hours are malformed or overlap, a day is there
            twice, or there is no working day.
    """
    access.require_admin(actor)
    faults = await asyncio.to_thread(_faults, calendar)
    if faults:
        raise InvalidValues(faults)
    settings: dict[str, Any] = msgspec.to_builtins(calendar)
    async with context.database.write() as tx:
        await rows.put_settings(tx, actor.account_id, settings, context.clock())
        data = {"time_zone": calendar.time_zone, "country": calendar.country, "days": len(calendar.days)}
        await write_event(tx, context, actor, "calendar.set", data)


async def holidays_of(calendar: Calendar, years: Sequence[int]) -> list[Holiday]:
    """Return the public holidays of a calendar in some years, by day."""
    if calendar.country is None:
        return []
    found: dict[date, str] = {}
    for year in years:
        found |= await asyncio.to_thread(_holidays, calendar.country, calendar.subdivision, year)
    return [Holiday(day=day, name=name) for day, name in sorted(found.items())]


async def due_by(calendar: Calendar, due: Due, opened_at: datetime) -> datetime:
    """Return when a task is due by an account's calendar.

    In a thread: the first look at a country's holidays takes a second, and a search of ten years some milliseconds.

    Raises:
        NoWorkingTimeError: the calendar has too little working time.
    """
    return await asyncio.to_thread(due_at, due, opened_at, _working(calendar))


async def is_reachable(calendar: Calendar, due: Due, now: datetime) -> bool:
    """Return whether a calendar has enough working time for a task that opens now."""
    try:
        await due_by(calendar, due, now)
    except NoWorkingTimeError:
        return False
    return True


def _working(calendar: Calendar) -> WorkCalendar:
    return WorkCalendar(
        zone=ZoneInfo(calendar.time_zone),
        week=[_parsed(calendar.hours.get(day, ())) for day in WEEKDAYS],
        days={own.day: _parsed(own.hours) for own in calendar.days},
        holidays=_holidays_by_year(calendar.country, calendar.subdivision),
    )


def _parsed(texts: Sequence[str]) -> list[Hours]:
    return sorted(hours for hours in map(parse_hours, texts) if hours is not None)


def _holidays_by_year(country: str | None, subdivision: str | None) -> Callable[[int], Collection[date]]:
    return lambda year: () if country is None else _holidays(country, subdivision, year)


@lru_cache(maxsize=256)
def _holidays(country: str, subdivision: str | None, year: int) -> Mapping[date, str]:
    """Return the public holidays of a year."""
    import holidays  # noqa: PLC0415  # loaded only where a calendar has a country

    if not _YEARS[0] <= year <= _YEARS[1]:
        return {}
    return dict(holidays.country_holidays(country, subdiv=subdivision, years=year, language=_LANGUAGE))


def _subdivisions() -> Mapping[str, Sequence[str]]:
    """Return the subdivisions of each country of which holidays are known."""
    import holidays  # noqa: PLC0415  # loaded only where a calendar is set

    return holidays.list_supported_countries(include_aliases=False)


def _faults(calendar: Calendar) -> list[FieldFault]:
    faults = [*_place_faults(calendar)]
    for weekday, texts in calendar.hours.items():
        if weekday not in WEEKDAYS:
            message = f"{weekday[:40]!r} is not a weekday; known are: {', '.join(WEEKDAYS)}."
            faults.append(FieldFault(field="hours", code="unknown_value", message=message))
        faults += _hours_faults(f"hours.{weekday[:40]}", texts)
    seen: set[date] = set()
    if len(calendar.days) > MAX_DAYS:
        message = f"A calendar has at most {MAX_DAYS} own days, not {len(calendar.days)}."
        return [*faults, FieldFault(field="days", code="too_many", message=message)]
    for own in calendar.days:
        faults += _hours_faults(f"days.{own.day}", own.hours)
        if own.day in seen:
            message = f"{own.day} is there twice."
            faults.append(FieldFault(field="days", code="duplicate", message=message))
        if len(own.name) > MAX_DAY_NAME_CHARS or not own.name.isprintable():
            message = f"The name of {own.day} has at most {MAX_DAY_NAME_CHARS} printable characters."
            faults.append(FieldFault(field="days", code="length", message=message))
        seen.add(own.day)
    if not faults and not any(calendar.hours.values()):
        message = "A calendar needs a working day: give at least one weekday hours such as 09:00-17:00."
        faults.append(FieldFault(field="hours", code="no_working_day", message=message))
    return faults


def _hours_faults(field: str, texts: Sequence[str]) -> list[FieldFault]:
    if len(texts) > MAX_HOURS:
        message = f"A day has at most {MAX_HOURS} parts, not {len(texts)}."
        return [FieldFault(field=field, code="too_many", message=message)]
    parsed = [parse_hours(text) for text in texts]
    for text, hours in zip(texts, parsed, strict=True):
        if hours is None:
            message = f"{text[:40]!r} are no hours of a day; write them as 09:00-17:00, the end at most 24:00."
            return [FieldFault(field=field, code="format", message=message)]
    known = [hours for hours in parsed if hours is not None]
    if overlap(known):
        message = f"These hours overlap: {', '.join(hours_text(hours) for hours in sorted(known))}."
        return [FieldFault(field=field, code="overlap", message=message)]
    return []


def _place_faults(calendar: Calendar) -> list[FieldFault]:
    faults: list[FieldFault] = []
    try:
        ZoneInfo(calendar.time_zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        message = f"{calendar.time_zone[:80]!r} is not an IANA time zone, such as Europe/Berlin."
        faults.append(FieldFault(field="time_zone", code="type", message=message))
    known: Mapping[str, Sequence[str]] = {}
    if calendar.country is not None:
        known = _subdivisions()
    if calendar.country is not None and calendar.country not in known:
        message = f"{calendar.country[:40]!r} is not a country whose holidays are known; write two letters, such as DE."
        faults.append(FieldFault(field="country", code="unknown_value", message=message))
    elif calendar.subdivision is not None and calendar.country is None:
        message = "A subdivision needs its country."
        faults.append(FieldFault(field="subdivision", code="required", message=message))
    elif calendar.subdivision is not None and calendar.subdivision not in known[calendar.country or ""]:
        parts = known[calendar.country or ""]
        message = (
            f"{calendar.country} has no subdivision {calendar.subdivision[:40]!r}{meant(calendar.subdivision, parts)}"
        )
        faults.append(FieldFault(field="subdivision", code="unknown_value", message=message))
    return faults
