"""`satchel admin oauth-client`: programs that people let act for them on the Questetra surface."""

from typing import Annotated

import typer

from satchel.cli import output
from satchel.cli.admin import AccountName, open_session
from satchel.cli.serve import DataDirectory

app = typer.Typer(help="Register programs that people let act for them (OAuth2).", no_args_is_help=True)


@app.command("create")
def create(
    name: str,
    *,
    redirect_uris: Annotated[
        list[str], typer.Option("--redirect-uri", help="An https address that codes may go to; repeat.")
    ],
    public: Annotated[bool, typer.Option("--public", help="It cannot keep a secret; it must use PKCE.")] = False,
    account: AccountName = None,
    data: DataDirectory = None,
) -> None:
    """Register a program and print its id and, this once, its secret."""

    async def work() -> None:
        from satchel.actions import oauth_clients  # noqa: PLC0415  # needs the server's parts

        async with open_session(data, account) as opened:
            made = await oauth_clients.register(
                opened.context, opened.actor, name=name, redirect_uris=redirect_uris, is_public=public
            )
            output.out.print(f"client_id {made.public_id}", markup=False, soft_wrap=True)
            if made.secret is not None:
                output.out.print(f"client_secret {made.secret}", markup=False, soft_wrap=True)

    output.run(work())


@app.command("list")
def listing(*, account: AccountName = None, data: DataDirectory = None) -> None:
    """List the programs by number."""

    async def work() -> None:
        from satchel.actions import oauth_clients  # noqa: PLC0415  # as above

        async with open_session(data, account) as opened:
            for one in await oauth_clients.listing(opened.context, opened.actor):
                kind = "public" if one.secret_hash is None else "with a secret"
                said = f"{one.id} {one.public_id} {one.name} ({kind}) {' '.join(one.redirect_uris)}"
                output.out.print(said, markup=False, soft_wrap=True)

    output.run(work())


@app.command("revoke")
def revoke(number: int, *, account: AccountName = None, data: DataDirectory = None) -> None:
    """End a program, by its number, and all that it was given."""

    async def work() -> None:
        from satchel.actions import oauth_clients  # noqa: PLC0415  # as above

        async with open_session(data, account) as opened:
            await oauth_clients.revoke(opened.context, opened.actor, number)
            output.out.print(f"revoked {number}", markup=False)

    output.run(work())
