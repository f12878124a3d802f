"""How people prove who they are."""

from datetime import timedelta

import pytest

from satchel.actions.identity import accounts, applications, credentials, guesses, hashes, sessions
from satchel.actions.upkeep.sweep import CREDENTIALS_KEPT, sweep
from satchel.model.actor import Actor
from satchel.model.errors import (
    Forbidden,
    InvalidRequest,
    InvalidValues,
    NotFound,
    TooManyRequests,
    Unauthenticated,
)
from satchel.model.ids import GroupId, UserId
from world import PASSWORD, World

EMAIL = "clerk@acme.example"


async def by_password(world: World, password: str, *, email: str = EMAIL, address: str | None = None) -> Actor:
    return await credentials.by_password(world.context, email, password, kind="password", address=address)


async def by_token(world: World, token: str, *kinds: str) -> Actor:
    return await credentials.by_token(world.context, token, kinds=kinds or ("token",), address="198.51.100.7")


async def with_password(world: World) -> None:
    await credentials.set_password(world.context, world.admin, world.people["clerk"], PASSWORD)


async def test_a_password_signs_in_and_a_wrong_one_and_an_unknown_login_answer_alike(world: World) -> None:
    await with_password(world)

    actor = await by_password(world, PASSWORD, email=" CLERK@acme.example".strip())
    assert (actor.user_id, actor.account_id) == (world.people["clerk"], world.account)

    with pytest.raises(Unauthenticated) as wrong:
        await by_password(world, "wrong")
    with pytest.raises(Unauthenticated) as unknown:
        await by_password(world, PASSWORD, email="nobody@acme.example")
    assert wrong.value.message == unknown.value.message


async def test_too_many_wrong_passwords_make_the_right_one_wait_too_and_longer_each_time(world: World) -> None:
    await with_password(world)
    for _ in range(credentials.FAILURES_PER_LOGIN):
        with pytest.raises(Unauthenticated):
            await by_password(world, "wrong")

    waits: list[float] = []
    for _ in range(9):
        with pytest.raises(TooManyRequests) as wait:
            await by_password(world, PASSWORD)
        waits.append((wait.value.retry_at - world.clock()).total_seconds())
        world.clock.advance(wait.value.retry_at - world.clock())
        with pytest.raises(Unauthenticated):
            await by_password(world, "wrong")

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    world.clock.advance(guesses.LONGEST_WAIT)
    assert (await by_password(world, PASSWORD)).user_id == world.people["clerk"]


async def test_one_address_cannot_guess_over_many_logins(world: World) -> None:
    await with_password(world)
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE sign_in_failures SET failures = 0")
    for number in range(5):
        with pytest.raises(Unauthenticated):
            await by_password(world, "wrong", email=f"no{number}@x.example", address="198.51.100.1")
    async with world.context.database.write() as tx:  # ninety-five more, without their argon2 time
        await tx.execute("UPDATE sign_in_failures SET failures = failures + 95 WHERE failures = 5")

    with pytest.raises(TooManyRequests):
        await by_password(world, PASSWORD, address="198.51.100.1")
    assert (await by_password(world, PASSWORD, address="198.51.100.2")).user_id == world.people["clerk"]


async def test_a_new_password_ends_the_old_one_and_all_sessions(world: World, clerk: Actor) -> None:
    await with_password(world)
    session = await sessions.open_session(world.context, clerk)
    assert (await by_token(world, session.secret, "session")).user_id == clerk.user_id

    await credentials.set_password(world.context, clerk, world.people["clerk"], "another long one")

    with pytest.raises(Unauthenticated):
        await by_token(world, session.secret, "session")
    with pytest.raises(Unauthenticated):
        await by_password(world, PASSWORD)
    await by_password(world, "another long one")


@pytest.mark.parametrize("password", ["short", "x" * 1001])
async def test_a_password_has_a_reasonable_length(world: World, password: str) -> None:
    with pytest.raises(InvalidValues):
        await credentials.set_password(world.context, world.admin, world.people["clerk"], password)


async def test_a_token_works_for_its_kind_until_it_expires_or_is_revoked(world: World, clerk: Actor) -> None:
    number = world.people["clerk"]
    until = world.clock() + timedelta(hours=1)
    token = await credentials.create_token(world.context, clerk, number, kind="token", name="script", expires_at=until)
    key = await credentials.create_token(world.context, clerk, number, kind="api_key", name="key")

    actor = await by_token(world, token.secret)
    assert (actor.credential_id, actor.address) == (token.id, "198.51.100.7")
    with pytest.raises(Unauthenticated):
        await by_token(world, token.secret, "api_key")
    with pytest.raises(Unauthenticated):
        await by_token(world, token.secret + "x")

    world.clock.advance(timedelta(hours=1))
    with pytest.raises(Unauthenticated):
        await by_token(world, token.secret)
    await by_token(world, key.secret, "api_key")
    await credentials.revoke(world.context, clerk, key.id)
    with pytest.raises(Unauthenticated):
        await by_token(world, key.secret, "api_key")


async def test_no_secret_is_in_the_database(world: World, clerk: Actor) -> None:
    await with_password(world)
    token = await credentials.create_token(world.context, clerk, world.people["clerk"], kind="token", name="t")
    api = await credentials.create_api_password(world.context, clerk, world.people["clerk"])

    stored = str(await world.rows("SELECT credentials::text FROM credentials"))
    stored += str(await world.rows("SELECT data::text FROM events"))

    assert token.secret not in stored
    assert api.secret not in stored
    assert PASSWORD not in stored


async def test_an_api_password_replaces_the_one_before(world: World, clerk: Actor) -> None:
    number = world.people["clerk"]
    first = await credentials.create_api_password(world.context, clerk, number)
    second = await credentials.create_api_password(world.context, clerk, number)

    with pytest.raises(Unauthenticated):
        await credentials.by_password(world.context, EMAIL, first.secret, kind="api_password", address=None)
    with pytest.raises(Unauthenticated):
        await by_password(world, second.secret)
    actor = await credentials.by_password(world.context, EMAIL, second.secret, kind="api_password", address=None)
    assert actor.credential_id == second.id


async def test_a_browsers_changes_need_its_own_csrf_token(world: World, clerk: Actor) -> None:
    session = await sessions.open_session(world.context, clerk)
    other = await sessions.open_session(world.context, clerk)
    actor = await by_token(world, session.secret, "session")

    await sessions.check_csrf(world.context, actor, session.secret, session.csrf)
    for wrong in (None, "", other.csrf):
        with pytest.raises(Forbidden):
            await sessions.check_csrf(world.context, actor, session.secret, wrong)


async def test_credentials_are_made_and_ended_for_oneself_or_by_an_administrator(
    world: World, clerk: Actor, viewer: Actor
) -> None:
    number = world.people["clerk"]
    with pytest.raises(Forbidden):
        await credentials.create_token(world.context, viewer, number, kind="token", name="t")
    with pytest.raises(NotFound):
        await credentials.create_token(world.context, world.rival, number, kind="token", name="t")
    with pytest.raises(InvalidRequest):
        await credentials.create_token(world.context, clerk, number, kind="session", name="t")
    made = await credentials.create_token(world.context, world.admin, number, kind="token", name="t")
    with pytest.raises(NotFound):
        await credentials.revoke(world.context, viewer, made.id)
    assert [one.id for one in await credentials.of_user(world.context, clerk, number)] == [made.id]
    await credentials.revoke(world.context, clerk, made.id)
    assert await credentials.of_user(world.context, clerk, number) == []


async def test_a_deactivated_user_can_do_nothing_any_more(world: World, clerk: Actor) -> None:
    await with_password(world)
    token = await credentials.create_token(world.context, clerk, world.people["clerk"], kind="token", name="t")

    await accounts.end_user(world.context, world.admin, world.people["clerk"], erase=False)

    with pytest.raises(Unauthenticated):
        await by_token(world, token.secret)
    with pytest.raises(Unauthenticated):
        await by_password(world, PASSWORD)


async def _give(world: World, what: str, person: UserId, group: GroupId) -> None:
    """Give a user something new that they could sign in or act with."""
    match what:
        case "api_password":
            await credentials.create_api_password(world.context, world.admin, person)
        case "password":
            await credentials.set_password(world.context, world.admin, person, PASSWORD)
        case "group":
            await accounts.set_member(world.context, world.admin, group, person, is_member=True)
        case "application":
            await applications.create(world.context, world.admin, person, "Program")
        case kind:
            await credentials.create_token(world.context, world.admin, person, kind=kind, name="late")


@pytest.mark.parametrize("what", ["token", "api_key", "named_key", "api_password", "password", "group", "application"])
async def test_an_erased_user_gets_nothing_new(world: World, what: str) -> None:
    person, group = world.people["clerk"], await accounts.create_group(world.context, world.admin, "Newcomers")
    await accounts.end_user(world.context, world.admin, person, erase=True)

    with pytest.raises(NotFound):
        await _give(world, what, person, group)


async def test_a_new_password_ends_the_sessions_and_whatever_was_opened_from_them(world: World) -> None:
    admin = world.admin
    assert admin.user_id is not None
    await credentials.set_password(world.context, admin, admin.user_id, PASSWORD)
    own = await hashes.sign_in(world.context, admin.email, PASSWORD, address=None)
    signed_in = await hashes.by_hash(world.context, own.secret, address=None)
    clerks = await hashes.open_for(world.context, signed_in, world.people["clerk"])
    assert (await hashes.by_hash(world.context, clerks.secret, address=None)).user_id == world.people["clerk"]

    await credentials.set_password(world.context, admin, admin.user_id, "another long one")

    for ended in (own, clerks):
        with pytest.raises(Unauthenticated):
            await hashes.by_hash(world.context, ended.secret, address=None)


async def test_what_signing_in_made_is_forgotten_a_month_after_its_end(world: World, clerk: Actor) -> None:
    admin, number = world.admin, world.people["clerk"]
    assert admin.user_id is not None
    await credentials.set_password(world.context, admin, admin.user_id, PASSWORD)
    own = await hashes.sign_in(world.context, admin.email, PASSWORD, address=None)
    await hashes.open_for(world.context, await hashes.by_hash(world.context, own.secret, address=None), number)
    until = world.clock() + timedelta(hours=1)
    await credentials.create_token(world.context, clerk, number, kind="token", name="kept", expires_at=until)
    await sessions.open_session(world.context, clerk)

    async def kinds() -> list[str]:
        return sorted(
            str(kind) for (kind,) in await world.rows("SELECT kind FROM credentials WHERE kind <> 'password'")
        )

    before = await kinds()
    assert before.count("hash_session") == 2
    await hashes.end(world.context, await hashes.by_hash(world.context, own.secret, address=None))
    world.clock.advance(CREDENTIALS_KEPT - timedelta(seconds=1))
    await sweep(world.context)
    assert await kinds() == before
    world.clock.advance(timedelta(seconds=2))
    living = await sessions.open_session(world.context, clerk)
    for _ in range(2):  # what was made from another goes first
        await sweep(world.context)
    assert "hash_session" not in await kinds()
    assert "token" in await kinds()
    assert (await by_token(world, living.secret, "session")).user_id == number
