"""`satchel admin oauth-client`: programs that people let act for them on the Questetra surface."""

from typing import Annotated

import typer

from satchel.cli import output
from satchel.cli.admin.command import AdminContext, in_account

app = typer.Typer(help="Register programs that people let act for them (OAuth2).", no_args_is_help=True)


@app.command("create")
@in_account
async def create(
    session: AdminContext,
    name: str,
    *,
    redirect_uris: Annotated[
        list[str], typer.Option("--redirect-uri", help="An https address that codes may go to; repeat.")
    ],
    public: Annotated[bool, typer.Option("--public", help="It cannot keep a secret; it must use PKCE.")] = False,
) -> None:
    """Register a program and print its id and, this once, its secret."""
    from satchel.actions.identity import oauth_clients  # noqa: PLC0415  # needs the server's parts

    made = await oauth_clients.register(
        session.context, session.actor, name=name, redirect_uris=redirect_uris, is_public=public
    )
    output.out.print(f"client_id {made.public_id}", markup=False, soft_wrap=True)
    if made.secret is not None:
        output.out.print(f"client_secret {made.secret}", markup=False, soft_wrap=True)


@app.command("list")
@in_account
async def listing(session: AdminContext) -> None:
    """List the programs by number."""
    from satchel.actions.identity import oauth_clients  # noqa: PLC0415  # as above

    for one in await oauth_clients.listing(session.context, session.actor):
        kind = "public" if one.secret_hash is None else "with a secret"
        said = f"{one.id} {one.public_id} {one.name} ({kind}) {' '.join(one.redirect_uris)}"
        output.out.print(said, markup=False, soft_wrap=True)


@app.command("revoke")
@in_account
async def revoke(session: AdminContext, number: int) -> None:
    """End a program, by its number, and all that it was given."""
    from satchel.actions.identity import oauth_clients  # noqa: PLC0415  # as above

    await oauth_clients.revoke(session.context, session.actor, number)
    output.out.print(f"revoked {number}", markup=False)
