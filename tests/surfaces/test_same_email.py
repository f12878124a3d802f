"""One e-mail in several accounts: none gets in another's way, and who signs in gets the account that they mean."""

import pytest

from satchel.actions.identity import accounts, credentials, hashes
from satchel.model.ids import UserId
from surfaces.conftest import Api
from surfaces.doors import DOORS, IN, WRONG, basic, client_from, door, native
from world import PASSWORD

EMAIL = "clerk@acme.example"
OTHER = "another long password"
ME = "/api/v1/me"


async def twin(api: Api, password: str) -> UserId:
    """Have the clerk's e-mail in the other account, too, with a password; the clerk has the usual one."""
    world = api.world
    made = await accounts.create_user(world.context, world.rival, email=EMAIL, name="Twin")
    await credentials.set_password(world.context, world.rival, made, password)
    await credentials.set_password(world.context, world.admin, world.people["clerk"], PASSWORD)
    return made


async def test_a_person_of_another_account_is_nobody_to_who_creates_and_invites_people(api: Api) -> None:
    world = api.world
    assert world.rival.user_id is not None
    rival = await api.client("rival")
    key = await credentials.create_token(world.context, world.rival, world.rival.user_id, kind="named_key", name="k")
    flokzu = {"X-Api-Key": key.secret, "X-Username": "admin@rival.example"}
    nvx = {"Authorization": f"NVX {(await hashes.open_for(world.context, world.rival, world.rival.user_id)).secret}"}
    invite = "/flokzu/flokzuopenapi/api/v1/management/user/invitation"

    async with client_from(api, "198.51.100.1") as client:
        native_made = await rival.post("/api/v1/users", json={"email": EMAIL, "name": "Clerk"})
        flokzu_made = await client.post(invite, headers=flokzu, json={"email": "buyer@acme.example"})
        navixy_body = {"user": {"login": "viewer@acme.example", "first_name": "V"}, "password": PASSWORD}
        navixy_made = await client.post("/navixy/v2/subuser/register", headers=nvx, json=navixy_body)
        assert native_made.status_code == 201, native_made.text
        assert flokzu_made.status_code == 200, flokzu_made.text
        assert navixy_made.json()["success"] is True, navixy_made.text
        change = {"user": {"id": navixy_made.json()["id"], "login": "manager@acme.example"}}
        assert (await client.post("/navixy/v2/subuser/update", headers=nvx, json=change)).json()["success"] is True

        again = await rival.post("/api/v1/users", json={"email": EMAIL.upper(), "name": "Clerk"})
        assert (again.status_code, again.json()["code"]) == (409, "conflict")
        assert (await client.post(invite, headers=flokzu, json={"email": EMAIL})).status_code == 409
        taken = {"user": {"login": EMAIL}, "password": PASSWORD}
        assert (await client.post("/navixy/v2/subuser/register", headers=nvx, json=taken)).json()["status"][
            "code"
        ] == 206


@pytest.mark.parametrize("name", DOORS)
async def test_a_password_that_fits_one_account_signs_in_there(api: Api, name: str) -> None:
    made = await twin(api, OTHER)
    sign_in = await door(api, name)  # the program is of the clerk's account
    async with client_from(api, "198.51.100.1") as client:
        assert (await sign_in(client, EMAIL, PASSWORD))[0] == IN
        _, theirs = await native(client, EMAIL, OTHER)
        assert theirs.json()["user"] == made


async def test_a_password_that_fits_several_accounts_lets_the_person_choose_and_only_then_names_them(api: Api) -> None:
    made = await twin(api, PASSWORD)
    async with client_from(api, "198.51.100.1") as client:
        body = {"email": EMAIL, "password": PASSWORD}
        wrong = await client.post("/api/v1/session", json={**body, "password": "wrong"})
        assert (wrong.status_code, "Rival" in wrong.text) == (401, False)

        several = await client.post("/api/v1/session", json=body)
        assert (several.status_code, several.json()["code"]) == (409, "choose_account")
        assert several.json()["accounts"] == ["Acme", "Rival"]
        assert "Set-Cookie" not in several.headers

        for chosen, user in (("Acme", api.world.people["clerk"]), ("Rival", made)):
            answers = [
                await client.post("/api/v1/session", json={**body, "account": chosen}),
                await client.post("/api/v1/session", json={**body, "email": f"{chosen}/{EMAIL}"}),
            ]
            assert [(one.status_code, one.json()["user"]) for one in answers] == [(201, user)] * 2
        for bad in ({**body, "account": "Nobody"}, {**body, "email": f"Nobody/{EMAIL}"}):
            refused = await client.post("/api/v1/session", json=bad)
            assert (refused.status_code, refused.json()["detail"]) == (401, wrong.json()["detail"])


@pytest.mark.parametrize("name", ["alloy", "navixy"])
async def test_clients_that_cannot_choose_name_the_account_in_the_login(api: Api, name: str) -> None:
    await twin(api, PASSWORD)
    sign_in = await door(api, name)
    async with client_from(api, "198.51.100.1") as client:
        assert (await sign_in(client, EMAIL, PASSWORD))[0] == WRONG
        assert (await sign_in(client, f"Rival/{EMAIL}", PASSWORD))[0] == IN
        assert (await sign_in(client, f"Acme/{EMAIL}", PASSWORD))[0] == IN
    rows = await api.world.rows("SELECT data ->> 'reason' FROM events WHERE kind = 'sign_in.failed'")
    assert rows == [("several_accounts",)] * 2, "one line in the history of each account"


async def test_the_page_of_a_program_takes_the_account_that_the_program_is_of(api: Api) -> None:
    await twin(api, PASSWORD)
    page = await door(api, "program")
    async with client_from(api, "198.51.100.1") as client:
        assert (await page(client, EMAIL, PASSWORD))[0] == IN
    rows = await api.world.rows("SELECT account_id, user_id FROM oauth_codes")
    assert rows == [(api.world.account, api.world.people["clerk"])]


async def test_navixy_s_dealer_is_the_account(api: Api) -> None:
    made = await twin(api, PASSWORD)
    async with client_from(api, "198.51.100.1") as client:
        for account, user in ((api.world.account, api.world.people["clerk"]), (api.world.other_account, made)):
            login = {"login": EMAIL, "password": PASSWORD, "dealer_id": int(account)}
            opened = (await client.post("/navixy/v2/user/auth", json=login)).json()
            hashed = {"Authorization": f"NVX {opened['hash']}"}
            info = (await client.post("/navixy/v2/user/get_info", headers=hashed)).json()
            assert info["user_info"]["id"] == user


async def test_an_api_password_names_its_account_by_itself(api: Api) -> None:
    made = await twin(api, PASSWORD)
    world = api.world
    ours = await credentials.create_api_password(world.context, world.admin, world.people["clerk"])
    theirs = await credentials.create_api_password(world.context, world.rival, made)
    assert ours.secret.startswith(f"ap{world.account}_")
    async with client_from(api, "198.51.100.1") as client:
        for secret, user in ((ours.secret, world.people["clerk"]), (theirs.secret, made)):
            assert (await client.get(ME, headers=basic(EMAIL, secret))).json()["id"] == user
        assert (await client.get(ME, headers=basic("buyer@acme.example", ours.secret))).status_code == 401
        assert (await client.get(ME, headers=basic(f"Rival/{EMAIL}", ours.secret))).status_code == 401


async def test_a_key_that_acts_for_people_acts_for_its_own_account_s(api: Api) -> None:
    await twin(api, PASSWORD)
    world = api.world
    assert world.rival.user_id is not None
    key = await credentials.create_token(world.context, world.rival, world.rival.user_id, kind="named_key", name="k")
    async with client_from(api, "198.51.100.1") as client:
        address = "/flokzu/flokzuopenapi/api/v1/management/user/roles"
        roles = [
            (await client.get(address, params={"email": who}, headers={"X-Api-Key": key.secret, "X-Username": who}))
            for who in (EMAIL, "buyer@acme.example")
        ]
        assert [answer.status_code for answer in roles] == [200, 401]
        assert roles[0].json() == {"roles": []}, "the clerk of the other account has some"
