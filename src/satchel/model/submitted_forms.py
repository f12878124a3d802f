"""Submitted forms: the forms with which people started instances and completed tasks, as they were at that moment.

An instance's values and files keep changing. A submitted form does not, so that people can see what they
submitted without seeing later changes by others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from satchel.model.files import File
from satchel.model.ids import AccountId, FieldId, FileId, InstanceId, TaskId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedFile:
    """A file as it was submitted; its bytes never change, its name and description may."""

    id: FileId
    name: str
    description: str

    def restored(self, file: File) -> File:
        """Return the file as it is stored now, under the name and description that it was submitted with."""
        return replace(file, name=self.name, description=self.description)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedForm:
    """A start form or the form of a completed task, as one person submitted it.

    Attributes:
        task_id: the task; None for the start form.
        fields: those that the form let the person fill in, including empty ones.
        values: canonical JSON by field id, of these fields only.
        files: those that the person had added themselves to these fields and to the attachments tab.
    """

    account_id: AccountId
    instance_id: InstanceId
    user_id: UserId
    task_id: TaskId | None
    submitted_at: datetime
    fields: Sequence[FieldId]
    values: Mapping[str, object]
    files: Sequence[SubmittedFile]
