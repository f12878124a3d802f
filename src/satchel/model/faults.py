"""Parts of errors that report several things at once: one fault each, with its place."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFault:
    """Why one field's value was refused.

    Attributes:
        field: the field's id, with a row and column for tables (`lines/2/quantity`), or `""` for the whole.
        code: stable: `required`, `type`, `too_long`, `too_small`, `not_writable`, ...
        message: a sentence for a person.
    """

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingFault:
    """Why one setting was refused: `name` is the place where it was set."""

    name: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong with an app bundle.

    Attributes:
        code: stable, e.g. `unknown_element`, `script_task`, `field_type`.
        file: `app.yaml` or `process.bpmn`.
        line: 1-based line in that file, or None.
        element: the BPMN element's id, or None.
        message: what is wrong and what to use instead.
        severity: `error` refuses the bundle; `warning` does not.
    """

    code: str
    file: str
    line: int | None
    element: str | None
    message: str
    severity: str = "error"

    def place(self) -> str:
        """Return its place, as `app.yaml:12` or `process.bpmn:40 (Gateway_1)`."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place} ({self.element})" if self.element else place


def counted(findings: Iterable[Finding]) -> str:
    """Return how many errors and how many warnings there are, in words: `1 error and 2 warnings`."""
    severities = [finding.severity for finding in findings]
    counts = ((word, severities.count(word)) for word in ("error", "warning"))
    return " and ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts if count) or "no finding"
