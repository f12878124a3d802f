"""Rules of forms in `app.yaml`, read as they are written; `satchel.engine.rule_findings` checks what they say."""

import re
from collections.abc import Mapping

from satchel.model.app_yaml.document import ScalarNode
from satchel.model.app_yaml.rule_keys import FIELD_ID
from satchel.model.app_yaml.section import Section
from satchel.model.ids import FieldId
from satchel.model.rules import Check, ListEntry, OptionsFrom, OptionSource, Rules
from satchel.model.services import Literal

_QUOTED = re.compile(r"'(.*)'", re.DOTALL)


def read_rules(section: Section) -> Rules:
    """Read the rules of a field."""
    return Rules(
        show_if=section.expression("show_if"),
        require_if=section.expression("require_if"),
        default=section.expression("default"),
        compute=section.expression("compute"),
        options_from=_options_from(section),
    )


def _options_from(section: Section) -> OptionsFrom | None:
    """Read where options come from; a fault is noted."""
    part = section.part("options_from")
    if part is None:
        return None
    list_id, app, field = part.text("list"), part.text("app"), part.text("field")
    where = _where(part)
    if ("list" in part) == ("app" in part):
        part.note("options_from", None, "needs either list, or app and field.")
    elif ("app" in part) != ("field" in part):
        part.note("options_from", None, "needs app and field together: whose instances, and which of their values.")
    return OptionsFrom(list_id=list_id, app=app or "", field_id=None if field is None else FieldId(field), where=where)


def _where(part: Section) -> Mapping[str, OptionSource]:
    """Read the condition on options: key -> a fixed value, or a field of this app."""
    found: dict[str, OptionSource] = {}
    pairs = part.part("where")
    for key in pairs.names() if pairs is not None else ():
        node = pairs.node.entries[key] if pairs is not None else None
        if pairs is None or not isinstance(node, ScalarNode) or node.value is None:
            part.note("type", "where", f"requires a field or a text in quotes for {key[:80]}.")
        elif isinstance(node.value, bool | int):
            found[key] = Literal(value=node.value)
        elif not isinstance(node.value, str):
            found[key] = Literal(value=node.text)
        elif (quoted := _QUOTED.fullmatch(node.value)) is not None:
            found[key] = Literal(value=quoted[1])
        elif FIELD_ID.fullmatch(node.value):
            found[key] = FieldId(node.value)
        else:
            hint = "write the id of a field, or \"'a literal'\" in two pairs of quotes."
            pairs.note("options_from", key, f"compares {key} with {node.value[:80]!r}; {hint}")
    return found


def read_checks(section: Section) -> tuple[Check, ...]:
    """Read the checks of a form, or of all forms."""
    checks: list[Check] = []
    for item in section.sections("checks"):
        condition, message, field = item.expression("if"), item.text("message"), item.text("field")
        if condition is not None and message is not None:
            checks.append(Check(condition=condition, message=message, field=None if field is None else FieldId(field)))
    return tuple(checks)


def read_lists(top: Section) -> Mapping[str, tuple[ListEntry, ...]]:
    """Read the lists of options that the file keeps."""
    found: dict[str, tuple[ListEntry, ...]] = {}
    lists = top.part("lists")
    if lists is None:
        return found
    for name in lists.names():
        entries: dict[str, ListEntry] = {}
        for item in lists.sections(name):
            entry_id, label, more = item.text("id"), item.text("label"), _more(item)
            if entry_id is None or label is None:
                continue
            if entry_id in entries:
                item.note("duplicate_option", "id", f"has the id {entry_id} of another entry of the list {name}.")
            entries[entry_id] = ListEntry(id=entry_id, label=label, more=more)
        found[name] = tuple(entries.values())
    return found


def _more(item: Section) -> Mapping[str, str]:
    """Read the further keys of a list's entry: texts, for conditions."""
    more: dict[str, str] = {}
    for key, value in item.node.entries.items():
        if key in ("id", "label"):
            continue
        if isinstance(value, ScalarNode) and value.value is not None and FIELD_ID.fullmatch(key):
            more[key] = value.text
        else:
            item.note("options_from", key, f"has the key {key[:80]!r}; it needs a name like a field's, and one value.")
    return more
