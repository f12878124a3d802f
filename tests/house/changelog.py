"""Which changes of the API the changelog announces.

A change is announced by one bullet that names, in backticks, where it is and what it is:

- where: the operation (`POST /tasks/{task}/complete`, with or without `/api/v1`) or the shared schema (`Task`); the
  words "every operation" stand for each of them;
- what: the member, parameter, header, status, media type or code; the words "every member" stand for each of them.
  Where the operation as a whole changed, to name it is enough.

A change of several operations may be announced by several bullets.
"""

import re
from dataclasses import replace

from house.schema_changes import Change

UNRELEASED = "[Unreleased]"
MANY = 4
"""Of more operations than this, a line speaks of "every operation"."""

_HEADING = re.compile(r"^## +(\S+)", re.MULTILINE)
_BULLET = re.compile(r"^[-*] ", re.MULTILINE)
_ADDED = re.compile(r"^### +Added$.*?(?=^#|\Z)", re.MULTILINE | re.DOTALL)
_OTHER = re.compile(r"^#.*", re.MULTILINE)
_SPAN = re.compile(r"`([^`]+)`")
_PREFIX = re.compile(r"^([A-Z]+) (?:/api/v\d+)?(?=/)")
_PARAMETER = re.compile(r"\{[^}]*\}")


def bullets(changelog: str, base: str = "") -> list[str]:
    """Return the bullets, each as one line, that the base's changelog does not have; none of what was added.

    What was added breaks nobody, and a bullet that stood there before announces nothing that changed since.
    """
    known = set(_HEADING.findall(base)) - {UNRELEASED}
    before = {bullet for _, bullets_before in _sections(base) for bullet in bullets_before}
    return [
        bullet
        for heading, found in _sections(changelog)
        if heading not in known and (base or heading == UNRELEASED)
        for bullet in found
        if bullet not in before
    ]


def _sections(changelog: str) -> list[tuple[str, list[str]]]:
    """Return the versions with the bullets of each, apart from those of what was added."""
    parts = _HEADING.split(changelog)[1:]
    return [
        (heading, [" ".join(bullet.split()) for bullet in _BULLET.split(_OTHER.sub("", _ADDED.sub("", body)))[1:]])
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
    ]


def is_announced(change: Change, announced: list[str]) -> bool:
    """Return whether bullets announce a change, of all the operations that it is in."""
    fitting = [bullet for bullet in announced if _names_what(change, bullet)]
    if any("every operation" in bullet.lower() for bullet in fitting):
        return True
    spans = {_place(span) for bullet in fitting for span in _SPAN.findall(bullet)}
    if change.component and change.component in spans:
        return True
    return bool(change.operations) and {_place(name) for name in change.operations} <= spans


def announcement(change: Change) -> str:
    """Return a bullet that announces a change."""
    if change.component:
        where = f"`{change.component}`"
    elif len(change.operations) > MANY:
        where = "Every operation"
    else:
        where = ", ".join(f"`{_short(name)}`" for name in change.operations)
    name = f" `{change.name}`" if change.name else ""
    return f"- {where}: {change.what}{name}{_from_to(change)}."


def line(change: Change) -> str:
    """Return what changed, where, and from what to what."""
    first, rest = change.operations[:MANY], len(change.operations) - MANY
    where = ", ".join(first) + (f" and {rest} more" if rest > 0 else "")
    if change.component:
        where, change = change.component, replace(change, part=f"in {where}" if where else "")
    place = " ".join(part for part in (where, change.part, change.pointer) if part)
    is_shown = not change.name or change.pointer or change.name == change.part
    return f"{change.what}{'' if is_shown else f' `{change.name}`'}: {place}{_from_to(change, ': ')}"


def _names_what(change: Change, bullet: str) -> bool:
    if not change.name or "every member" in bullet.lower():
        return True
    return bool({change.name, change.pointer} & set(_SPAN.findall(bullet)))


def _place(span: str) -> str:
    """Return an operation without the API's prefix and the names of parameters, so that spellings of it are equal."""
    return _PARAMETER.sub("{}", _short(span))


def _short(name: str) -> str:
    """Return an operation without the API's prefix, which every path has."""
    return _PREFIX.sub(r"\1 ", name)


def _from_to(change: Change, lead: str = ", ") -> str:
    if not change.before and not change.after:
        return ""
    return f"{lead}{change.before or 'none'} → {change.after or 'none'}"
