"""Check-ins: where somebody was, with a comment, images and a form (ADR 0017)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from satchel.actions.checkins import checkins
from satchel.actions.checkins.app import (
    CODE,
    IMAGES,
    LATITUDE,
    LONGITUDE,
    MAX_ADDRESS_CHARS,
    MAX_NOTE_CHARS,
    MAX_PRECISION_M,
    PERSON,
    PRECISION,
)
from satchel.actions.checkins.checkins import CheckIn, CheckInForm, Location
from satchel.actions.files import links
from satchel.actions.files.links import Link
from satchel.actions.identity import users
from satchel.model.errors import Forbidden, InvalidState, NotFound
from satchel.model.ids import AppId, FileId, InstanceId, TaskId, UserId
from satchel.model.search.conditions import Condition, Equals
from satchel.surfaces.kit.endpoints import Endpoint, endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.given import refused
from satchel.surfaces.navixy import errors, forms, outputs, papers, sheets
from satchel.surfaces.navixy.addresses import BASE
from satchel.surfaces.navixy.conditions import Known, circle, period, read_conditions, read_sorts
from satchel.surfaces.navixy.inputs import Inputs, wants_iso
from satchel.surfaces.navixy.tasks import DEFAULT_LIMIT, MAX_LIMIT

MAX_ANSWERED = 1_000
"""The most check-ins of one answer, whatever limit was given: the next come by offset."""

MAX_FILES = 100
MAX_DELETED = 100
"""The most of one request."""

COLUMNS: Mapping[str, Known] = {
    "employee": Known(column="person"),
    "tracker_id": Known(column="person"),
    "marker_time": Known(column="at", is_time=True),
    "location": Known(column="address"),
    "comment": Known(column="note"),
    "form": Known(column="form"),
}
"""What check-ins are found and sorted by."""

NO_ID = "has_at_least_one_id_field"
"""How theirs names the fault of naming neither or both of two things."""


async def create_image(exchange: Exchange) -> Reply:
    """Ask for a place for an image of a check-in that is still to come."""
    given = await Inputs.read(exchange)
    wish = replace(forms.read_wish(given), app=CODE, field=IMAGES)
    errors.speak(exchange, {InvalidState: 201})
    await checkins.require_may(exchange.context, exchange.actor)
    return await forms.place(exchange, wish)


async def create_form(exchange: Exchange) -> Reply:
    """Give somebody a form of a template to fill in, which is handed in with a check-in of theirs."""
    given = await Inputs.read(exchange)
    person, template = UserId(given.integer("tracker_id")), AppId(given.integer("template_id"))
    await forms.template(exchange, template)
    return outputs.success(id=await checkins.create_form(exchange.context, exchange.actor, template, person))


async def create_form_file(exchange: Exchange) -> Reply:
    """Ask for a place for a file of a form that is still to be handed in."""
    given = await Inputs.read(exchange)
    if ("checkin_id" in given) is ("form_id" in given):
        raise refused(NO_ID, "exactly one of checkin_id and form_id must be given")
    errors.speak(exchange, {InvalidState: 201})
    wish = forms.read_wish(given)
    if "form_id" in given:
        task = TaskId(given.integer("form_id"))
        await checkins.require_waiting(exchange.context, task, exchange.actor)
    else:
        task = await checkins.form_of(exchange.context, exchange.actor, InstanceId(given.integer("checkin_id")))
    return await forms.place(exchange, forms.for_field(wish, task, given))


async def create(exchange: Exchange) -> Reply:
    """Check somebody in."""
    given = await Inputs.read(exchange)
    person = UserId(given.integer("tracker_id"))
    place = _place(Inputs(given.mapping("location"), within="location"))
    images = given.integers("file_ids")
    if len(images) > MAX_FILES:
        raise refused("file_ids", f"has {MAX_FILES} items at most")
    note = given.text("comment", shortest=0, longest=MAX_NOTE_CHARS) if "comment" in given else None
    errors.speak(exchange, {InvalidState: 201})
    number = await checkins.check_in(
        exchange.context, exchange.actor, person, place, note=note, images=images, form=_handed_in(given)
    )
    return outputs.success(id=number)


def _place(given: Inputs) -> Location:
    latitude = given.number("lat", low=-90, high=90)
    longitude = given.number("lng", low=-180, high=180)
    return Location(
        latitude=Decimal(str(latitude)),
        longitude=Decimal(str(longitude)),
        address=given.text("address", shortest=0, longest=MAX_ADDRESS_CHARS) if "address" in given else None,
        precision=given.integer("precision", high=MAX_PRECISION_M) if "precision" in given else None,
    )


def _handed_in(given: Inputs) -> CheckInForm | None:
    if "form_submission" not in given:
        return None
    form = Inputs(given.mapping("form_submission"), within="form_submission")
    return CheckInForm(task=TaskId(form.integer("form_id")), fill=forms.fill(form.mapping("values")))


async def read(exchange: Exchange) -> Reply:
    """Return a check-in."""
    given = await Inputs.read(exchange)
    iso = await wants_iso(exchange)
    errors.speak(exchange, {NotFound: 204, Forbidden: 204, InvalidState: 204})
    found = await checkins.read(exchange.context, exchange.actor, InstanceId(given.integer("checkin_id")))
    return outputs.success(value=await _shown(exchange, found, await _links(exchange, [found]), iso=iso))


async def listing(exchange: Exchange) -> Reply:
    """List check-ins, filtered, sorted and paged; as a file where a format is asked for."""
    given = await Inputs.read(exchange)
    iso = await wants_iso(exchange)
    kind = sheets.format_of(given) if "format" in given else None
    errors.speak(exchange, {InvalidState: 201})
    conditions = await _conditions(exchange, given)
    sorts = {name: known.column for name, known in COLUMNS.items()}
    limit = given.integer_or("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT)
    found, count = await checkins.listed(
        exchange.context,
        exchange.actor,
        conditions,
        sorts=read_sorts(given, sorts, [("at", False)]),
        offset=given.integer_or("offset", 0),
        limit=min(limit, MAX_ANSWERED),
    )
    if kind is not None:
        return await _as_file(exchange, kind, found, iso=iso)
    addresses = await _links(exchange, found)
    return outputs.success(list=[await _shown(exchange, one, addresses, iso=iso) for one in found], count=count)


async def _conditions(exchange: Exchange, given: Inputs) -> Sequence[Condition]:
    trackers = given.integers("trackers")
    span = period(exchange, Inputs({"span": {name: given.raw(name) for name in ("from", "to")}}), "span", "at")
    if span.since is not None and span.until is not None and span.until <= span.since:
        raise refused("to", "must be after from")
    found = [
        *([span] if span.since is not None or span.until is not None else []),
        *read_conditions(exchange, given, COLUMNS),
        *circle(given, latitude="latitude", longitude="longitude"),
    ]
    if not trackers:
        return found
    errors.speak(exchange, {NotFound: 217})
    await users.require_active(exchange.context, exchange.actor, [UserId(one) for one in trackers])
    return [*found, Equals(column="person", values=[Decimal(one) for one in trackers])]


async def _links(exchange: Exchange, found: Sequence[CheckIn]) -> Mapping[FileId, Link]:
    shown = [file for one in found for file in one.files]
    return await links.issue_shown(exchange.context, exchange.actor, shown, lifetime_s=links.MAX_LIFETIME_S)


async def _shown(
    exchange: Exchange, found: CheckIn, addresses: Mapping[FileId, Link], *, iso: bool
) -> dict[str, object]:
    held = found.row.values
    files = [
        outputs.without_nulls(
            {
                **forms.file(exchange, one, iso=iso),
                "download_url": links.address(exchange.parts.public_url, addresses[one.id]),
            }
        )
        for one in found.files
    ]
    location = {
        "lat": _degrees(held.get(LATITUDE)),
        "lng": _degrees(held.get(LONGITUDE)),
        "address": held.get("address", ""),
        "precision": held.get(PRECISION),
    }
    return outputs.without_nulls(
        {
            "id": found.row.id,
            "marker_time": outputs.date(exchange, found.row.started_at, iso),
            "user_id": exchange.actor.user_id,
            "tracker_id": held.get(PERSON),
            "location": outputs.without_nulls(location),
            "comment": held.get("note"),
            "files": files,
            "form_id": found.row.form_id,
            "form_label": found.row.form_label,
        }
    )


def _degrees(held: object) -> float | None:
    return float(held) if isinstance(held, str) else None


async def _as_file(exchange: Exchange, kind: str, found: Sequence[CheckIn], *, iso: bool) -> Reply:
    rows = [_line(exchange, one, iso=iso) for one in found]
    if kind == "xlsx":
        return sheets.as_file(await asyncio.to_thread(sheets.workbook, [_HEADINGS, *rows]), "checkins", kind)
    shown = [papers.Row(label=", ".join(filter(None, row[:3])), text="\n".join(filter(None, row[3:]))) for row in rows]
    made_at = exchange.context.clock()
    body = await asyncio.to_thread(papers.write_pdf, "Check-ins", f"{len(rows)}", shown, made_at=made_at)
    return sheets.as_file(body, "checkins", kind)


_HEADINGS = ("id", "time", "employee", "latitude", "longitude", "address", "comment", "form", "files")


def _line(exchange: Exchange, found: CheckIn, *, iso: bool) -> Sequence[str]:
    held = found.row.values
    return (
        str(found.row.id),
        outputs.date(exchange, found.row.started_at, iso),
        found.row.person or "",
        *(str(held.get(name) or "") for name in (LATITUDE, LONGITUDE, "address", "note")),
        found.row.form_label or "",
        ", ".join(file.name for file in found.files),
    )


async def delete(exchange: Exchange) -> Reply:
    """Delete check-ins with their images and forms; all of them or none."""
    given = await Inputs.read(exchange)
    numbers = given.integers("checkin_ids")
    if not 1 <= len(numbers) <= MAX_DELETED:
        raise refused("checkin_ids", f"size must be between 1 and {MAX_DELETED}")
    errors.speak(exchange, {InvalidState: 201})
    await checkins.delete(exchange.context, exchange.actor, [InstanceId(number) for number in numbers])
    return outputs.success()


ENDPOINTS: tuple[Endpoint, ...] = (
    endpoint("POST", f"{BASE}/checkin/image/create", create_image),
    *get_or_post(f"{BASE}/checkin/form/create", create_form),
    endpoint("POST", f"{BASE}/checkin/form/file/create", create_form_file),
    endpoint("POST", f"{BASE}/checkin/create", create),
    *get_or_post(f"{BASE}/checkin/read", read),
    *get_or_post(f"{BASE}/checkin/list", listing),
    *get_or_post(f"{BASE}/checkin/delete", delete),
)
"""The routes of this module."""
