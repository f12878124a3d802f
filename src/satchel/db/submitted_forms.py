"""SQL of submitted forms. They are written by the statement that writes their event (`satchel.db.events`)."""

from collections.abc import Mapping, Sequence
from typing import LiteralString

import msgspec
from psycopg.types.json import Jsonb

from satchel.db.pool import Reader
from satchel.model.ids import AccountId, InstanceId, UserId
from satchel.model.submitted_forms import SubmittedFile, SubmittedForm

INSERT: LiteralString = (
    'INSERT INTO submitted_forms (account_id, instance_id, user_id, task_id, submitted_at, fields, "values", files)'
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
"""Inserts a form; the parameters are `parameters`."""


def parameters(form: SubmittedForm) -> tuple[object, ...]:
    """Return the parameters with which `INSERT` writes a form."""
    files = [{"id": file.id, "name": file.name, "description": file.description} for file in form.files]
    return (
        form.account_id,
        form.instance_id,
        form.user_id,
        form.task_id,
        form.submitted_at,
        list(form.fields),
        Jsonb(dict(form.values)),
        Jsonb(files),
    )


async def submitted_forms(tx: Reader, account: AccountId, instance: InstanceId, user: UserId) -> list[SubmittedForm]:
    """Return the forms that a user submitted in an instance, oldest first."""
    found = await tx.records(
        'SELECT account_id, instance_id, user_id, task_id, submitted_at, fields, "values", files FROM submitted_forms'
        " WHERE account_id = %s AND instance_id = %s AND user_id = %s ORDER BY id",
        (account, instance, user),
    )
    return [_form(**columns) for columns in found]  # type: ignore[arg-type]  # columns as declared


def _form(*, files: Sequence[Mapping[str, object]], **columns: object) -> SubmittedForm:
    submitted = msgspec.convert(files, list[SubmittedFile])
    return SubmittedForm(files=submitted, **columns)  # type: ignore[arg-type]  # columns as declared
