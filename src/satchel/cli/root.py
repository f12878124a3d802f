"""The command `satchel`: registers the commands and imports the parts of each only when it runs."""

from typing import Annotated

import typer

from satchel import __version__
from satchel.cli import (
    absences,
    calendar,
    calls,
    deploy,
    doctor,
    export,
    hand_moves,
    import_tree,
    migrate,
    schedules,
    serve,
    webhooks,
)
from satchel.cli.admin import accounts, applications, dumps, environment, hashes, keys, mail, oauth, store
from satchel.cli.demo import command

app = typer.Typer(
    name="satchel",
    help="A self-hosted process server in which files travel with the work.",
    epilog="Exit codes: 0 done, 1 refused, 2 wrong usage, 3 server, database or disk cannot be used, 4 findings.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("demo")(command.demo)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
accounts.app.add_typer(oauth.app, name="oauth-client")
accounts.app.add_typer(keys.app, name="keys")
accounts.app.add_typer(store.app, name="store")
app.add_typer(accounts.app, name="admin")
accounts.app.command("application")(applications.application)
accounts.app.command("env")(environment.environment)
accounts.app.command("mail")(mail.mail)
accounts.app.command("hash")(hashes.create_hash)
accounts.app.command("dump")(dumps.dump)
accounts.app.command("restore")(dumps.restore)
app.command("deploy")(deploy.deploy)
app.command("nodes")(deploy.nodes)
app.command("retire")(deploy.retire)
app.command("migrate")(migrate.migrate)
app.command("tokens")(hand_moves.tokens)
app.command("complete")(hand_moves.complete)
app.command("export")(export.export)
app.command("import", epilog=import_tree.EPILOG)(import_tree.import_tree)
app.command("call")(calls.call)
app.command("incidents")(calls.incidents)
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(schedules.app, name="schedules")
app.add_typer(absences.app, name="absence")
app.add_typer(calendar.app, name="calendar")
app.command("doctor")(doctor.doctor)


@app.command("version")
def version() -> None:
    """Print the version and exit."""
    typer.echo(f"satchel {__version__}")


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    *,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """A self-hosted process server in which files travel with the work."""
    if show_version:
        version()
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
