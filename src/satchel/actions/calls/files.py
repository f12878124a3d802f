"""Service tasks of kind `files`: copy or move files between the fields of an instance and its attachments tab."""

from satchel.actions.instances.claims import FileCopy, copy_files
from satchel.actions.instances.places import FilePlace, check_place
from satchel.actions.instances.run import Run
from satchel.db import files as rows
from satchel.model.files import File
from satchel.model.services import FilesTask
from satchel.model.template import render
from satchel.model.transfer.names import clean_upload_name


async def perform(run: Run, task: FilesTask) -> dict[str, object]:
    """Do the task; return what to note of it. An empty source leaves the target as it is.

    Raises:
        InvalidValues: the target does not take the files; nothing was changed.
        OverQuota: the copies do not fit; raised when the transaction ends.
    """
    account, files, there = run.instance.account_id, await run.files_at(task.source), await run.files_at(task.target)
    gone = [file.id for file in there] if task.replace and files else []
    if task.move:
        gone += [file.id for file in files]
    base = 0 if task.replace else len(there)
    known = await run.known_values()
    made = await copy_files(
        run,
        [
            FileCopy(
                source=file,
                field_id=task.target,
                position=base + index,
                name=_renamed(task, file, known, index) if task.rename is not None else None,
            )
            for index, file in enumerate(files)
        ],
    )
    if gone:
        await rows.set_deleted(run.tx, account, gone, at=run.now, by=None)
        run.forget_files(gone)
    check_place(run, FilePlace(field=task.target))
    return {"files": made, "removed": gone}


def _renamed(task: FilesTask, file: File, known: dict[str, object], index: int) -> str:
    """Return the new name of a file: as the template says, numbered from the second on, with the old ending."""
    stem = render(task.rename, known) if task.rename is not None else ""
    dot = file.name.rfind(".")
    ending = file.name[dot:] if dot > 0 else ""
    number = f" ({index + 1})" if index else ""
    return clean_upload_name(f"{stem or 'file'}{number}{ending}")
