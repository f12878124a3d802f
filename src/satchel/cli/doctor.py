"""`satchel doctor`: reports whether every file has its bytes, and what to do if one does not."""

from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from satchel.cli import output
from satchel.cli.output import ExitCode, bytes_text
from satchel.cli.serve import DataDirectory


def doctor(
    *,
    data: DataDirectory = None,
    read_data: Annotated[bool, typer.Option("--read-data", help="Read and hash every file again.")] = False,
    sweep: Annotated[bool, typer.Option("--sweep", help="First delete what crashes left, as the server does.")] = False,
    repair_quota: Annotated[bool, typer.Option("--repair-quota", help="Repair each account's counted bytes.")] = False,
) -> None:
    """Compare the database with the stored bytes, in both directions.

    Changes nothing without --sweep or --repair-quota. The exit code is 4 if something is damaged.
    """
    is_clean = output.run(_examine(data, read_data=read_data, with_sweep=sweep, repair_quota=repair_quota))
    raise typer.Exit(ExitCode.OK if is_clean else ExitCode.FINDINGS)


async def _examine(data: DataDirectory, *, read_data: bool, with_sweep: bool, repair_quota: bool) -> bool:
    from satchel import main as server  # noqa: PLC0415  # only the commands that serve need the server's parts
    from satchel.actions.upkeep import doctor as actions  # noqa: PLC0415  # same
    from satchel.actions.upkeep.sweep import sweep as run_sweep  # noqa: PLC0415  # same

    settings = output.settings(data_directory=data)
    server.set_up_logs(settings)
    opening = server.Opening.USE if with_sweep else server.Opening.EXAMINE  # a sweep has to know whose files these are
    async with server.open_context(settings, opening) as context:
        if with_sweep:
            done = await run_sweep(context, with_store=True)
            output.out.print(
                f"swept: {done.uploads} uploads, {done.blobs} blobs, {done.orphans} orphans, {done.leftovers} leftovers"
            )
        if repair_quota:
            repaired = await actions.repair_quotas(context)
            output.out.print(f"quota repaired: {', '.join(repaired) or 'nothing to do'}")
        report = actions.DoctorReport()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} blobs"))
        with Progress(*columns, console=output.err, transient=True, disable=not output.err.is_terminal) as progress:
            task = progress.add_task("examining", total=None)
            async for report in actions.examine(context, read_data=read_data):
                progress.update(task, completed=report.blobs)
    output.out.print(f"examined: {report.blobs} blobs, {bytes_text(report.bytes)}")
    for kind, count in sorted(report.counts.items()):
        output.out.print(f"{kind}: {count}. {actions.ADVICE[kind]}")
        for place in report.examples[kind]:
            output.say(f"  {place}")
    output.out.print("clean" if report.is_clean else "damaged: see above")
    return report.is_clean
