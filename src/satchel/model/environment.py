"""Values of the environment in the settings of service tasks: `{{ env.erp_url }}`.

One bundle goes unchanged from a test server to production: what differs between the two is set on each server. The
values are filled in before an attempt, as if app.yaml said them; they are no secrets.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar, cast

from satchel.model.bodies import fill_some
from satchel.model.services import Auth, RestTask
from satchel.model.template import ENVIRONMENT, Placeholder, Template

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
NAME_HINT = "use 1 to 64 of a-z, 0-9 and _, beginning with a letter."
MAX_VALUE_CHARS = 2_000

_HOLE = re.compile(r"\{\{\s*env\.([a-z][a-z0-9_]{0,63})\s*\}\}")

Settings = TypeVar("Settings")


def names_in(settings: object) -> frozenset[str]:
    """Return the names of the values that the settings of a service need, without `env.`."""
    return frozenset(_names(settings))


def fill_in(settings: Settings, values: Mapping[str, str]) -> Settings:
    """Return settings of a service with values, by name, in their places; names without a value stay."""
    return cast("Settings", _filled(settings, {f"{ENVIRONMENT}{name}": value for name, value in values.items()}))


def _names(value: object) -> Iterator[str]:
    if isinstance(value, Template):
        yield from (name.removeprefix(ENVIRONMENT) for name in value.names if name.startswith(ENVIRONMENT))
    elif isinstance(value, Auth):
        for text in (value.user, value.token_url, value.scope):
            yield from _HOLE.findall(text)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _names(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for item in cast("Mapping[str, object]", value).values():
            yield from _names(item)


def _filled(value: object, known: Mapping[str, str]) -> object:
    match value:
        case Template():
            return _joined(_part(part, known) for part in value.parts)
        case Auth():
            return dataclasses.replace(
                value,
                user=_text(value.user, known),
                token_url=_text(value.token_url, known),
                scope=_text(value.scope, known),
            )
        case RestTask(text=Template() as text):
            rest = cast("RestTask", _parts_filled(dataclasses.replace(value, text=None), known))
            return dataclasses.replace(rest, text=fill_some(text, value.text_kind, known))
        case Mapping():
            return {name: _filled(item, known) for name, item in cast("Mapping[str, object]", value).items()}
        case _:
            return _parts_filled(value, known)


def _parts_filled(value: object, known: Mapping[str, str]) -> object:
    """Return a structure with its members filled in; anything else as it is."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    changed = {field.name: _filled(getattr(value, field.name), known) for field in dataclasses.fields(value)}
    return dataclasses.replace(value, **changed)


def _part(part: str | Placeholder, known: Mapping[str, str]) -> str | Placeholder:
    return part if isinstance(part, str) else known.get(part.name, part)


def _joined(parts: Iterable[str | Placeholder]) -> Template:
    """Return a template in which literal texts are one where they meet."""
    found: list[str | Placeholder] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return Template(parts=tuple(found))


def _text(text: str, known: Mapping[str, str]) -> str:
    return _HOLE.sub(lambda hole: known.get(f"{ENVIRONMENT}{hole[1]}", hole[0]), text)
