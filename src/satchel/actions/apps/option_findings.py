"""What only an account can tell of options that come from another app: whether it is there, and may be seen."""

from collections.abc import Iterator

from satchel.actions.context import Context
from satchel.actions.instances.options import is_source
from satchel.db import apps as rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor, Right
from satchel.model.app import Manifest
from satchel.model.app_yaml.bundle import Bundle
from satchel.model.app_yaml.rule_checks import option_sources
from satchel.model.errors import Finding
from satchel.model.fields import Field, FieldType
from satchel.model.rules import OptionsFrom


async def option_findings(context: Context, tx: Reader, actor: Actor, bundle: Bundle) -> list[Finding]:
    """Return what keeps the values of other apps from being options; a warning for an app that is not there yet."""
    found: list[Finding] = []
    for pointer, field, source in option_sources(bundle.manifest):
        if not source.app or source.field_id is None:
            continue
        other: Manifest | None = bundle.manifest if source.app == bundle.manifest.code else None
        if other is None:
            row = await rows.app_by_code(tx, actor.account_id, source.app)
            if row is None or row.version_id is None:
                message = (
                    f"There is no app {source.app} in this account yet; until it is there, {field.id} has no options."
                )
                found.append(bundle.finding("unknown_app", f"{pointer}/app", message, severity="warning"))
                continue
            if not actor.may(Right.VIEW, row.id):
                message = f"You need the right 'view' for {source.app}, whose values people would see in {field.id}."
                found.append(bundle.finding("options_from", f"{pointer}/app", message))
                continue
            other = (await context.apps.version(tx, actor.account_id, row.version_id)).manifest
        found += [bundle.finding("options_from", f"{pointer}/{key}", says) for key, says in _unfit(other, source)]
    return found


def _unfit(other: Manifest, source: OptionsFrom) -> Iterator[tuple[str, str]]:
    """Yield each key that names a field of the other app which cannot be used, and why."""
    field = other.field(source.field_id or "")
    if field is None or not is_source(field):
        why = "does not exist" if field is None else "is no searchable text"
        yield (
            "field",
            f"The field {source.field_id} of {other.code} {why}; options are the values of a searchable text.",
        )
    for key in source.where:
        compared = other.field(key)
        if compared is None or not _is_comparable(compared):
            yield (
                f"where/{key}",
                f"The field {key} of {other.code} is not searchable, or a decimal; compare another one.",
            )


def _is_comparable(field: Field) -> bool:
    return field.searchable and field.type not in (FieldType.DECIMAL, FieldType.CHOICES)
