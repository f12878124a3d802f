"""`satchel admin oauth-client`: OAuth2 clients of the Questetra surface, which act for users."""

from typing import Annotated

import typer

from satchel.cli import output
from satchel.cli.admin.command import AdminContext, in_account

app = typer.Typer(help="Register OAuth2 clients, which act for users.", no_args_is_help=True)


@app.command("create")
@in_account
async def create(
    session: AdminContext,
    name: str,
    *,
    redirect_uris: Annotated[
        list[str], typer.Option("--redirect-uri", help="An https address to which codes may be sent; repeat.")
    ],
    public: Annotated[bool, typer.Option("--public", help="It cannot keep a secret and must use PKCE.")] = False,
) -> None:
    """Register a client and print its id and, only once, its secret."""
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
    """List the clients by number."""
    from satchel.actions.identity import oauth_clients  # noqa: PLC0415  # as above

    for one in await oauth_clients.listing(session.context, session.actor):
        kind = "public" if one.secret_hash is None else "with a secret"
        said = f"{one.id} {one.public_id} {one.name} ({kind}) {' '.join(one.redirect_uris)}"
        output.say(said)


@app.command("revoke")
@in_account
async def revoke(session: AdminContext, number: int) -> None:
    """Revoke a client, by its number, and all its tokens."""
    from satchel.actions.identity import oauth_clients  # noqa: PLC0415  # as above

    await oauth_clients.revoke(session.context, session.actor, number)
    output.out.print(f"revoked {number}", markup=False)
