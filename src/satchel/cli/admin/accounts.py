"""`satchel admin`: accounts, users, groups, grants, tokens, quota; uses the database of this machine directly.

Users who may run it on the server's data directory (or with its database address) have full access to every account.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from satchel.cli import output
from satchel.cli.admin.command import AccountName, AdminContext, UserSession, about_user, in_account, on_new_server
from satchel.cli.output import bytes_text
from satchel.cli.serve import DataDirectory
from satchel.model.actor import Right, system

if TYPE_CHECKING:
    from satchel.actions.context import Context

app = typer.Typer(help="Administer accounts, users, groups, rights and tokens.", no_args_is_help=True)

Password = Annotated[
    str,
    typer.Option(
        "--password",
        prompt=True,
        hide_input=True,
        confirmation_prompt=True,
        envvar="SATCHEL_PASSWORD",
        help="The new password; prompted for if not given.",
    ),
]


@app.command("account")
@on_new_server
async def create_account(
    context: "Context",
    name: str,
    *,
    quota_bytes: Annotated[int | None, typer.Option(help="Storage quota in bytes.", min=0)] = None,
) -> None:
    """Create an account (a tenant), with the group 'administrators' that has every right in it."""
    from satchel.actions.identity import accounts  # noqa: PLC0415  # only the commands that serve need the server's parts

    account = await accounts.create_account(context, name, quota_bytes=quota_bytes)
    actor = system(account)
    group = await accounts.create_group(context, actor, "administrators")
    await accounts.grant(context, actor, group, Right.ADMIN, app=None)
    output.out.print(f"account {account} '{name}', group {group} 'administrators'", markup=False)


@app.command("user")
@in_account
async def create_user(
    session: AdminContext,
    email: str,
    name: str,
    *,
    password: Password,
    groups: Annotated[list[str] | None, typer.Option("--group", help="A group to add them to; repeat.")] = None,
    time_zone: Annotated[str, typer.Option(help="An IANA time zone, such as Europe/Berlin.")] = "UTC",
) -> None:
    """Create a user who signs in with an e-mail and a password."""
    from satchel.actions.identity import accounts  # noqa: PLC0415  # as above

    context, actor = session.context, session.actor
    found = [await accounts.group_named(context, actor, group) for group in groups or []]
    user = await accounts.create_user(
        context,
        actor,
        email=email,
        name=name,
        time_zone=time_zone,
        password=password,
        groups=[group.id for group in found],
    )
    output.out.print(f"user {user} {email}", markup=False)


@app.command("password")
@about_user
async def set_password(session: UserSession, *, password: Password) -> None:
    """Set a user's password; their sessions end."""
    from satchel.actions.identity import credentials  # noqa: PLC0415  # as above

    await credentials.set_password(session.context, session.actor, session.user_id, password)
    output.out.print(f"password set for {session.email}", markup=False)


@app.command("token")
@about_user
async def create_token(
    session: UserSession,
    *,
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    kind: Annotated[
        str, typer.Option(help="token, api_key, api_password (Basic; ends the one before), or named_key (Flokzu).")
    ] = "token",
    expires_in_days: Annotated[
        int | None, typer.Option(help="Days until it expires; without, it does not.", min=1, max=36_500)
    ] = None,
) -> None:
    """Create a token, API key or API password for a user, and print it only once."""
    from satchel.actions.identity import credentials  # noqa: PLC0415  # as above

    context, actor, user_id = session.context, session.actor, session.user_id
    expires_at = None if expires_in_days is None else context.clock() + timedelta(days=expires_in_days)
    if kind == "api_password":
        known = await credentials.of_user(context, actor, user_id)
        secret = await credentials.create_api_password(context, actor, user_id, expires_at=expires_at)
        if any(one.kind == kind for one in known):
            output.err.print(f"The API password that {session.email} had has ended.", markup=False)
    else:
        secret = await credentials.create_token(context, actor, user_id, kind=kind, name=name, expires_at=expires_at)
    output.out.print(secret.secret, markup=False)


@app.command("group")
@in_account
async def create_group(
    session: AdminContext,
    name: str,
    *,
    members: Annotated[list[str] | None, typer.Option("--member", help="E-mail of a user to add; repeat.")] = None,
) -> None:
    """Create a group, with members if any are named."""
    from satchel.actions.identity import accounts  # noqa: PLC0415  # as above

    context, actor = session.context, session.actor
    users = [await accounts.user_by_email(context, actor, email) for email in members or []]
    group = await accounts.create_group(context, actor, name)
    for user in users:
        await accounts.set_member(context, actor, group, user.id, is_member=True)
    output.out.print(f"group {group} '{name}'", markup=False)


@app.command("join")
@in_account
async def join(
    session: AdminContext,
    group: str,
    email: str,
    *,
    leave: Annotated[bool, typer.Option("--leave", help="Remove them instead.")] = False,
) -> None:
    """Add a user to a group, or remove them."""
    from satchel.actions.identity import accounts  # noqa: PLC0415  # as above

    context, actor = session.context, session.actor
    user = await accounts.user_by_email(context, actor, email)
    found = await accounts.group_named(context, actor, group)
    await accounts.set_member(context, actor, found.id, user.id, is_member=not leave)
    output.out.print(f"{email} {'left' if leave else 'is in'} '{group}'", markup=False)


@app.command("grant")
@in_account
async def grant(
    session: AdminContext,
    group: str,
    rights: Annotated[list[Right], typer.Argument(help="Rights to grant.")],
    *,
    app_code: Annotated[str | None, typer.Option("--app", help="Code of one app; all apps without it.")] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="Revoke the rights instead.")] = False,
) -> None:
    """Grant rights to a group, for one app or for all, or revoke them."""
    from satchel.actions.identity import accounts  # noqa: PLC0415  # as above

    context, actor = session.context, session.actor
    found = await accounts.group_named(context, actor, group)
    for right in rights:
        await accounts.grant(context, actor, found.id, right, app=app_code, is_granted=not revoke)
    named = ", ".join(right.value for right in rights)
    what = "no longer has" if revoke else "has"
    output.out.print(f"'{group}' {what} {named} for {app_code or 'all apps'}", markup=False)


@app.command("quota")
@in_account
async def quota(
    session: AdminContext,
    ceiling_bytes: Annotated[
        int | None, typer.Argument(help="The account's maximum in bytes; without it, only shows.")
    ] = None,
) -> None:
    """Show what an account's storage holds, or set its ceiling, below which its administrators may set a limit."""
    from satchel.actions.identity import accounts, ceilings  # noqa: PLC0415  # as above

    if ceiling_bytes is not None:
        await ceilings.set_ceiling(session.context, session.actor.account_id, ceiling_bytes)
    now = await accounts.storage(session.context, session.actor)
    rows = [
        ("used", now.used_bytes),
        ("reserved", now.reserved_bytes),
        ("limit", now.limit_bytes),
        ("ceiling", now.ceiling_bytes),
    ]
    output.table(["", "bytes", ""], [(name, size, bytes_text(size)) for name, size in rows])
    follows = ceilings.consequence(now)
    if follows is not None:
        output.out.print(follows, markup=False)


@app.command("list")
@in_account
async def show(session: AdminContext) -> None:
    """List an account's users and groups."""
    from satchel.actions.identity import accounts  # noqa: PLC0415  # as above

    people = await accounts.people(session.context, session.actor)
    names = {group.id: group.name for group in people.groups}
    of_user: dict[int, list[str]] = {}
    for group, members in people.members.items():
        for member in members:
            of_user.setdefault(member, []).append(names[group])
    users = await accounts.users(session.context, session.actor, after=0, limit=10_000)
    output.table(
        ["user", "e-mail", "name", "groups"],
        [(user.id, user.email or "", user.name, ", ".join(of_user.get(user.id, []))) for user in users],
    )


@app.command("secret")
def set_secret(
    name: Annotated[str | None, typer.Argument(help="Name of the secret; without it, lists them.")] = None,
    *,
    value: Annotated[
        str | None,
        typer.Option(
            "--value", envvar="SATCHEL_SECRET", help="The secret; prompted for if not given.", show_default=False
        ),
    ] = None,
    hosts: Annotated[list[str] | None, typer.Option("--host", help="A host it may be sent to; repeat.")] = None,
    apps: Annotated[
        list[str] | None, typer.Option("--app", help="Code of an app whose calls may use it, * for every app; repeat.")
    ] = None,
    keep_value: Annotated[bool, typer.Option("--keep-value", help="Change its apps and hosts only.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete it instead.")] = False,
    account: AccountName = None,
    data: DataDirectory = None,
) -> None:
    """Set, list or delete the secrets that calls sign in with; the value of a secret is never shown."""
    # Prompts before the server's parts are open: a person may take a while.
    given: str | None = value
    if name is None or delete or keep_value:
        given = None
    elif not given:
        given = typer.prompt(f"Secret {name}", hide_input=True)
    _change_secrets(name=name, value=given, hosts=hosts, apps=apps, delete=delete, account=account, data=data)


@in_account
async def _change_secrets(
    session: AdminContext,
    *,
    name: str | None,
    value: str | None,
    hosts: list[str] | None,
    apps: list[str] | None,
    delete: bool,
) -> None:
    from satchel.actions.identity import secrets  # noqa: PLC0415  # as above

    context, actor = session.context, session.actor
    if name is None:
        known = await secrets.listing(context, actor)
        rows = [
            (one.name, ", ".join(one.hosts) or "any", ", ".join(one.apps) or "none", one.changed_at.isoformat())
            for one in known
        ]
        output.table(["secret", "hosts", "apps", "set"], rows)
    elif delete:
        await secrets.delete(context, actor, name)
        output.out.print(f"secret {name} deleted", markup=False)
    else:
        await secrets.put(context, actor, name, value, hosts, apps=apps)
        output.out.print(f"secret {name} {'kept' if value is None else 'set'}", markup=False)
        (now,) = [one for one in await secrets.listing(context, actor) if one.name == name]
        if not now.apps and output.err.is_terminal:  # programs have the list
            hint = f"No app may use it yet; grant it with: satchel admin secret {name} --keep-value --app CODE"
            output.err.print(hint, markup=False)
