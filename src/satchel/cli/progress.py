"""A progress bar with bytes, files and the time left, on a terminal; nothing in a pipe."""

from typing import Self

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from satchel.cli import output


class ProgressBar:
    """Shows the progress of a transfer of many files; a `satchel.client.progress.ProgressListener`."""

    def __init__(self) -> None:
        self.is_shown = output.err.is_terminal
        self._progress = Progress(
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TextColumn("{task.fields[files]} of {task.fields[of]} files"),
            TimeRemainingColumn(),
            console=output.err,
            disable=not self.is_shown,
        )
        self._task = self._progress.add_task("", total=None, files=0, of="?")
        self._files = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._progress.stop()

    def expect(self, *, files: int, size: int) -> None:
        """Set the totals."""
        self._progress.update(self._task, total=size, of=files)

    def arrived(self, count: int) -> None:
        """Count bytes."""
        if self.is_shown:
            self._progress.advance(self._task, count)

    def placed(self, size: int, *, is_new: bool) -> None:
        """Count a file."""
        self._files += 1
        if self.is_shown:
            self._progress.update(self._task, advance=0 if is_new else size, files=self._files)
