"""Templates: text with `{{ name }}` in it.

A template is parsed when an app is deployed and names only fields, built-ins and values of the environment. Values are
data: they are inserted as text and never parsed again, so a value that contains `{{ title }}` shows just that.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import cast

MAX_TEMPLATE_CHARS = 10_000
MAX_RENDERED_CHARS = 100_000
MAX_TITLE_CHARS = 255

ENVIRONMENT = "env."
"""What the names of values begin with that are set on the server (`satchel.model.environment`)."""

_HOLE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|env\.[a-z][a-z0-9_]{0,63}")
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+",
)


class BadTemplateError(ValueError):
    """The text is not a valid template; the message states why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """A placeholder for a value."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A parsed template: literal texts and placeholders, in order."""

    parts: tuple[str | Placeholder, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names of its placeholders."""
        return frozenset(part.name for part in self.parts if isinstance(part, Placeholder))


def parse_template(text: str, names: Collection[str] | None = None) -> Template:
    """Parse a template whose placeholders may have `names`, or be of the environment; None allows any name.

    Raises:
        BadTemplateError: a pair of braces is open, or a placeholder is not one known name.
    """
    if len(text) > MAX_TEMPLATE_CHARS:
        raise BadTemplateError(f"it has {len(text)} characters; {MAX_TEMPLATE_CHARS} are allowed")
    parts: list[str | Placeholder] = []
    end = 0
    for match in _HOLE.finditer(text):
        _add_literal(parts, text[end : match.start()])
        name = match[1].strip()
        if not _NAME.fullmatch(name):
            raise BadTemplateError(
                f"{{{{ {name[:40]} }}}} must contain one name and nothing else; there are no filters or expressions"
            )
        if names is not None and name not in names and not name.startswith(ENVIRONMENT):
            raise BadTemplateError(f"{{{{ {name} }}}} is not a known name")
        parts.append(Placeholder(name=name))
        end = match.end()
    _add_literal(parts, text[end:])
    return Template(parts=tuple(parts))


def render(template: Template, values: Mapping[str, object], *, longest: int = MAX_RENDERED_CHARS) -> str:
    """Return the text with each placeholder filled; a name without a value is empty. Cut at `longest` characters."""
    written: list[str] = []
    room = longest
    for part in template.parts:
        text = part if isinstance(part, str) else as_text(values.get(part.name))
        written.append(text[:room])
        room -= len(written[-1])
        if not room:
            break
    return "".join(written)


def render_title(template: Template, values: Mapping[str, object]) -> str:
    """Return an instance's title: one line of at most 255 characters, without control and direction characters."""
    room = MAX_TITLE_CHARS * 16
    line = " ".join(_CONTROL.sub(" ", render(template, values, longest=room)).split())
    return line if len(line) <= MAX_TITLE_CHARS else line[: MAX_TITLE_CHARS - 1].rstrip() + "…"


def as_text(value: object) -> str:
    """Format a field's value for display in text.

    None is empty; booleans are `true` and `false`; decimals have a dot and no exponent; dates and times are ISO; the
    items of a list are joined by `, `.
    """
    match value:
        case None:
            text = ""
        case bool():
            text = "true" if value else "false"
        case Decimal():
            text = format(value, "f")
        case datetime():
            text = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date() | time():
            text = value.isoformat()
        case list() | tuple():
            text = ", ".join(as_text(item) for item in cast("list[object]", value))
        case Mapping():
            text = ", ".join(as_text(item) for item in cast("Mapping[str, object]", value).values())
        case _:
            text = str(value)
    return text


def _add_literal(parts: list[str | Placeholder], text: str) -> None:
    if "{{" in text or "}}" in text:
        raise BadTemplateError("braces are not balanced; write {{ name }}")
    if text:
        parts.append(text)
