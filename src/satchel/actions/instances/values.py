"""The one door through which values enter an instance, no matter who brings them.

Forms, actions, messages, replies of services, `set`, `otherwise`, copies and the mappings of call activities all pass
here, so that no way in stores what another refuses.
"""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from satchel.actions.instances.run import Run
from satchel.db import accounts as people
from satchel.model.errors import FieldFault
from satchel.model.ids import FieldId
from satchel.model.values import Json, references, value_faults


async def check_values(run: Run, given: Mapping[str, object]) -> tuple[dict[FieldId, Json], list[FieldFault]]:
    """Return the canonical form of each given value, None where the value is taken away, and everything that is wrong.

    Besides the limits of each field, the users that values name are active ones of the account, and the groups exist.

    Args:
        run: the instance that takes them; its actor's time zone says what today is.
        given: by field id; file fields take no values.
    """
    changed, faults = canonical_values(run, given)
    return changed, faults + await people_faults(run, changed)


def canonical_values(run: Run, given: Mapping[str, object]) -> tuple[dict[FieldId, Json], list[FieldFault]]:
    """Return what `check_values` does, before anybody has looked whether people and groups exist."""
    fields = run.app.manifest.fields
    return value_faults(fields, given, now=run.now, time_zone=ZoneInfo(run.actor.time_zone))


async def people_faults(run: Run, changed: Mapping[FieldId, Json]) -> list[FieldFault]:
    """Return a fault for each user or group that a value names and that the account does not have."""
    named = references(run.app.manifest.fields, changed)
    faults: list[FieldFault] = []
    for what, wanted, existing in (
        ("user", {int(user): field_id for user, field_id in named.users.items()}, people.existing_users),
        ("group", {int(group): field_id for group, field_id in named.groups.items()}, people.existing_groups),
    ):
        found = await existing(run.tx, run.instance.account_id, list(wanted)) if wanted else set[int]()
        faults += [
            FieldFault(field=field_id, code=f"unknown_{what}", message=f"There is no {what} {number} in this account.")
            for number, field_id in wanted.items()
            if number not in found
        ]
    return faults
