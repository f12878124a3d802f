"""Guessing passwords: slow for whoever guesses, at every door at which people sign in, and for nobody else."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pytest
from argon2 import PasswordHasher
from structlog.testing import capture_logs

from satchel.actions.identity import accounts, applications, credentials, guesses
from satchel.actions.passwords import Passwords
from satchel.model.ids import AccountId
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from surfaces.conftest import Api
from surfaces.doors import DOORS, IN, SLOW, WRONG, basic, client_from, door, native
from world import PASSWORD

EMAIL = "clerk@acme.example"
ME = "/api/v1/me"


@pytest.fixture
async def guessed(api: Api) -> Api:
    """The application, where the clerk has a password."""
    world = api.world
    await credentials.set_password(world.context, world.admin, world.people["clerk"], PASSWORD)
    return api


@pytest.mark.parametrize("name", DOORS)
async def test_of_sixty_guesses_at_once_no_more_are_evaluated_than_one_after_the_other(guessed: Api, name: str) -> None:
    sign_in = await door(guessed, name)
    async with client_from(guessed, "198.51.100.1") as client:
        said = Counter(how for how, _ in await asyncio.gather(*[sign_in(client, EMAIL, f"{n}") for n in range(60)]))
        assert said == {WRONG: guesses.FAILURES_PER_LOGIN, SLOW: 60 - guesses.FAILURES_PER_LOGIN}
        how, answer = await sign_in(client, EMAIL, PASSWORD)
        assert how == SLOW
        assert answer.headers["Retry-After"] == "Mon, 02 Mar 2026 09:30:01 GMT"
        guessed.world.clock.advance(timedelta(seconds=1))
        assert (await sign_in(client, EMAIL, PASSWORD))[0] == IN


@pytest.mark.parametrize("name", DOORS)
async def test_who_guesses_keeps_nobody_out_on_another_network(guessed: Api, name: str) -> None:
    sign_in = await door(guessed, name)
    async with client_from(guessed, "198.51.100.1") as stranger, client_from(guessed, "198.51.100.2") as clerk:
        for _ in range(guesses.FAILURES_PER_LOGIN + 5):
            await sign_in(stranger, EMAIL, "wrong")
        assert (await sign_in(clerk, EMAIL, PASSWORD))[0] == IN


@pytest.mark.parametrize(
    ("guesser", "other", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:198.51.100.1", "198.51.100.1", True),
        ("198.51.100.1", "198.51.101.1", False),
    ],
)
async def test_a_network_is_an_address_or_half_of_a_long_one(
    guessed: Api, guesser: str, other: str, *, is_same: bool
) -> None:
    async with client_from(guessed, guesser) as first, client_from(guessed, other) as second:
        for _ in range(guesses.FAILURES_PER_LOGIN):
            assert (await native(first, EMAIL, "wrong"))[0] == WRONG
        assert (await native(second, EMAIL, PASSWORD))[0] == (SLOW if is_same else IN)


async def test_guessing_from_everywhere_slows_down_but_not_where_the_person_signed_in_before(guessed: Api) -> None:
    async with client_from(guessed, "203.0.113.1") as home:
        assert (await native(home, EMAIL, PASSWORD))[0] == IN
    said: Counter[str] = Counter()
    for number in range(guesses.FAILURES_ANYWHERE + 20):
        async with client_from(guessed, f"198.51.{number}.1") as client:
            said[(await native(client, EMAIL, "wrong"))[0]] += 1
    assert said == {WRONG: guesses.FAILURES_ANYWHERE, SLOW: 20}

    async with client_from(guessed, "203.0.113.1") as home, client_from(guessed, "192.0.2.1") as away:
        assert (await native(home, EMAIL, PASSWORD))[0] == IN
        assert (await native(away, EMAIL, PASSWORD))[0] == SLOW
        guessed.world.clock.advance(guesses.LONGEST_WAIT_ANYWHERE)
        assert (await native(away, EMAIL, PASSWORD))[0] == IN


async def test_naming_an_account_or_another_case_is_no_other_login_to_guess(guessed: Api) -> None:
    async with client_from(guessed, "198.51.100.1") as client:
        for number in range(guesses.FAILURES_PER_LOGIN):
            login = (EMAIL, f"Acme/{EMAIL}", EMAIL.upper(), f"X{number}/{EMAIL}")[number % 4]
            assert (await native(client, login, "wrong"))[0] == WRONG
        assert (await native(client, f"Acme/{EMAIL}", PASSWORD))[0] == SLOW


async def test_nobody_s_guessing_ends_what_programs_sign_in_with(guessed: Api) -> None:
    world, number = guessed.world, guessed.world.people["clerk"]
    made = await credentials.create_api_password(world.context, world.admin, number)
    token = await credentials.create_token(world.context, world.admin, number, kind="token", name="t")
    application = await applications.create(world.context, world.admin, number, "ERP")
    signed = {"grant_type": "client_credentials", "client_id": application.client_id}
    async with client_from(guessed, "198.51.100.1") as client:
        for _ in range(30):
            await native(client, EMAIL, "wrong")
            assert (await client.get(ME, headers=basic(EMAIL, "wrong"))).status_code in (401, 429)
            assert (await client.get(ME, headers=basic(EMAIL, "ap1_wrong"))).status_code == 401
            wrong = await client.post("/alloy/api/token", data={**signed, "client_secret": "as_wrong"})
            assert wrong.json()["error"] == "invalid_client"
        assert (await client.get(ME, headers=basic(EMAIL, made.secret))).status_code == 200
        assert (await client.get(ME, headers={"Authorization": f"Bearer {token.secret}"})).status_code == 200
        right = await client.post("/alloy/api/token", data={**signed, "client_secret": application.secret})
        assert right.status_code == 200, right.text
        assert (await client.get(f"/questetra{_LIST}", headers=basic(EMAIL, made.secret))).status_code == 200
        clerk = client_from(guessed, "198.51.100.2")
        assert (await native(clerk, EMAIL, PASSWORD))[0] == IN


_LIST = "/API/OR/ProcessInstance/list"


async def test_an_api_password_of_an_earlier_release_works_whatever_the_login_form_saw(guessed: Api) -> None:
    world = guessed.world
    hashed = await world.context.passwords.hash("an old API password")
    async with world.context.database.write() as tx:
        await tx.execute(
            "INSERT INTO credentials (account_id, user_id, kind, name, password_hash, created_at)"
            " VALUES (%s, %s, 'api_password', 'API password', %s, now())",
            (world.account, world.people["clerk"], hashed),
        )
    async with client_from(guessed, "198.51.100.1") as client:
        for _ in range(guesses.FAILURES_PER_LOGIN + 1):
            await native(client, EMAIL, "wrong")
        assert (await client.get(ME, headers=basic(EMAIL, "an old API password"))).status_code == 200
        assert (await client.get(ME, headers=basic(f"Acme/{EMAIL}", "an old API password"))).status_code == 200


@pytest.mark.parametrize("name", DOORS)
async def test_a_failure_is_in_the_history_and_in_the_log_with_the_client_s_address(guessed: Api, name: str) -> None:
    sign_in = await door(guessed, name)
    async with client_from(guessed, "198.51.100.7") as client:
        with capture_logs() as lines:
            assert (await sign_in(client, EMAIL, "wrong"))[0] == WRONG
            assert (await sign_in(client, "nobody@acme.example", "wrong"))[0] == WRONG
    failed = [line for line in lines if line["event"] == "sign_in.failed"]
    number = guessed.world.people["clerk"]
    assert [(line["address"], line["users"]) for line in failed] == [("198.51.100.7", [number]), ("198.51.100.7", [])]
    found = await accounts.events(guessed.world.context, guessed.world.admin, after=0, limit=500)
    (event,) = [one for one in found if one.kind == "sign_in.failed"]
    assert (event.address, event.user_id) == ("198.51.100.7", None)
    assert event.data == {"user": number, "way": "password", "reason": "wrong_password"}


async def test_a_program_s_wrong_secret_is_in_the_history_of_its_account(guessed: Api) -> None:
    world = guessed.world
    made = await applications.create(world.context, world.admin, world.people["clerk"], "ERP")
    form = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": "as_wrong"}
    async with client_from(guessed, "198.51.100.7") as client:
        for _ in range(30):
            await client.post("/alloy/api/token", data=form)
    found = await accounts.events(world.context, world.admin, after=0, limit=500)
    failed = [(one.address, one.data["credential"]) for one in found if one.kind == "sign_in.failed"]
    assert failed == [("198.51.100.7", made.id)] * guesses.FAILURES_PER_LOGIN, "a flood of them does not fill it"


class _Counting(PasswordHasher):
    """Counts what is verified."""

    runs = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  # the library's name
        """Verify, and count it."""
        type(self).runs += 1
        return super().verify(hash, password)


@pytest.mark.parametrize("name", DOORS)
async def test_an_e_mail_that_nobody_has_costs_the_same_work_and_answers_alike(guessed: Api, name: str) -> None:
    world = guessed.world
    twin = await accounts.create_user(world.context, world.rival, email="both@acme.example", name="Twin")
    await credentials.set_password(world.context, world.rival, twin, PASSWORD)
    other = await accounts.create_user(world.context, world.admin, email="both@acme.example", name="Twin")
    await credentials.set_password(world.context, world.admin, other, "another long password")
    await accounts.create_user(world.context, world.admin, email="without@acme.example", name="Without")
    counting = _Counting(time_cost=1, memory_cost=8, parallelism=1)
    context = replace(world.context, passwords=Passwords(counting))
    counted = Api(world, create_app(context, read_settings({})), guessed.stack)
    sign_in = await door(counted, name)
    seen: set[tuple[int, int, str]] = set()
    async with client_from(counted, "198.51.100.7") as client:
        for email in (EMAIL, "nobody@acme.example", "both@acme.example", "without@acme.example"):
            _Counting.runs = 0
            how, answer = await sign_in(client, email, "wrong")
            assert how == WRONG
            text = "" if name == "program" else answer.json().get("detail") or answer.text
            seen.add((_Counting.runs, answer.status_code, text))
    assert len(seen) == 1
    assert seen.pop()[0] > 0


async def test_an_account_s_history_does_not_tell_from_where_somebody_failed_who_may_have_meant_another(
    guessed: Api,
) -> None:
    world = guessed.world
    planted = await accounts.create_user(world.context, world.rival, email=EMAIL, name="Planted")
    await credentials.set_password(world.context, world.rival, planted, "planted by an admin")
    async with client_from(guessed, "198.51.100.7") as client:
        await native(client, EMAIL, "wrong")
    rows = await world.rows("SELECT account_id, address FROM events WHERE kind = 'sign_in.failed'")
    assert sorted((AccountId(int(str(account))), address) for account, address in rows) == [
        (world.account, None),
        (world.other_account, None),
    ]
