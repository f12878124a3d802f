"""Parts of the settings of service tasks: fields, templates, sources of values, mappings."""

import re
from collections.abc import Collection, Mapping

from satchel.model.app import BUILT_IN_NAMES
from satchel.model.app_yaml.document import ScalarNode
from satchel.model.app_yaml.rule_keys import FIELD_ID
from satchel.model.app_yaml.section import Findings, Section, meant
from satchel.model.ids import FieldId
from satchel.model.services import Literal, Source
from satchel.model.template import BadTemplateError, Template, parse_template

TAB = "attachments"
"""The name of the attachments tab among file fields."""

_QUOTED = re.compile(r"'(.*)'", re.DOTALL)


class SettingsReader:
    """Reads parts of one service task, noting faults."""

    def __init__(self, section: Section, ids: Collection[str], findings: Findings) -> None:
        """Read from `section`; `ids` are all fields of the app."""
        self.section = section
        self.ids = ids
        self.findings = findings

    def place(self, key: str, section: Section | None = None) -> str | None:
        """Return a file field or the attachments tab; `section` is a part of the task that has the key."""
        section = section or self.section
        text = section.text(key)
        if text is not None and text != TAB:
            self.check_field(text, section.line_of(key))
        return text

    def field(self, key: str) -> FieldId | None:
        """Return a field of this app."""
        text = self.section.text(key)
        if text is None:
            return None
        self.check_field(text, self.section.line_of(key))
        return FieldId(text)

    def check_field(self, name: str, line: int) -> None:
        """Note a field that this app does not have."""
        if name not in self.ids:
            message = f"{self.section.name} names the field {name[:80]!r}, which does not exist{meant(name, self.ids)}"
            self.findings.add("unknown_field", line, message)

    def template(self, key: str) -> Template | None:
        """Return a template."""
        text = self.section.text(key)
        return None if text is None else self.parsed(text, self.section.line_of(key), checked=True)

    def parsed(self, text: str, line: int, *, checked: bool) -> Template | None:
        """Parse a template; unless `checked`, it may name anything."""
        try:
            return parse_template(text, {*self.ids, *BUILT_IN_NAMES} if checked else None)
        except BadTemplateError as error:
            self.findings.add("template", line, f"{self.section.name} has a template that cannot be used: {error}.")
            return None

    def set(self, ours: str) -> Mapping[FieldId, Source] | None:
        """Return a mapping of fields to sources of values; None means all."""
        pairs = self.section.part("set")
        if pairs is None:
            return None if "set" in self.section else {}
        return self.sources(pairs, ours)

    def sources(self, pairs: Section, ours: str) -> Mapping[FieldId, Source]:
        """Return the source of each field's value."""
        found: dict[FieldId, Source] = {}
        for target in pairs.names():
            if ours == "keys":
                self.check_field(target, pairs.line_of(target))
            source = self.source(pairs, target, ours)
            if source is not None:
                found[FieldId(target)] = source
        return found

    def source(self, pairs: Section, key: str, ours: str) -> Source | None:
        """Return the source of a key's value; `ours` is whether keys or values are fields of this app."""
        node, line = pairs.node.entries[key], pairs.line_of(key)
        if not isinstance(node, ScalarNode) or node.value is None:
            pairs.note("type", key, f"requires a field, a text in quotes or a template for {key[:80]}.")
            return None
        if isinstance(node.value, bool | int):
            return Literal(value=node.value)
        return self._source_in(node.value, line, ours) if isinstance(node.value, str) else Literal(value=node.text)

    def _source_in(self, text: str, line: int, ours: str) -> Source | None:
        quoted = _QUOTED.fullmatch(text)
        if quoted is not None:
            return Literal(value=quoted[1])
        is_ours = ours == "values"
        if "{{" in text:
            return self.parsed(text, line, checked=is_ours)
        if not FIELD_ID.fullmatch(text):
            hint = 'write the id of a field, "\'a literal\'" in two pairs of quotes, or "{{ a template }}".'
            self.findings.add("format", line, f"{self.section.name} takes a value from {text[:80]!r}; {hint}")
            return None
        if is_ours and text not in BUILT_IN_NAMES:
            self.check_field(text, line)
        return FieldId(text)

    def copy(self, ours: str) -> Mapping[FieldId, FieldId] | None:
        """Return a mapping of file fields; None means all."""
        pairs = self.section.part("copy")
        if pairs is None:
            return None if "copy" in self.section else {}
        found: dict[FieldId, FieldId] = {}
        for target in pairs.names():
            source = pairs.text(target)
            if source is not None:
                self.check_field(target if ours == "keys" else source, pairs.line_of(target))
                found[FieldId(target)] = FieldId(source)
        return found


def field_of(place: str | None) -> FieldId | None:
    """Return the field of a place; the attachments tab is None."""
    return None if place is None or place == TAB else FieldId(place)
