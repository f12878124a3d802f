"""Applications of the Alloy surface: made by administrators, and their tokens end when they do."""

from datetime import timedelta

import httpx

from golden.alloy_world import alloy
from satchel.actions.identity import applications, credentials
from surfaces.conftest import Api

DENIED = 100


async def _token(client: httpx.AsyncClient, client_id: str, secret: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    return await client.post("/alloy/api/token", data=form)


async def _code(client: httpx.AsyncClient, token: object, path: str = "/alloy/api/v2/object/T000001") -> int:
    answer = await client.get(path, headers={"Authorization": f"bearer {token}"})
    return int(answer.json()["errorCode"])


async def test_an_application_is_made_listed_and_given_another_secret_by_an_administrator(api: Api) -> None:
    await alloy(api)
    admin, nobody = await api.client("admin"), await api.client("anonymous")
    user = api.world.people["viewer"]
    made = (await admin.post(f"/api/v1/users/{user}/applications", json={"name": "Importer"})).json()
    token = (await _token(nobody, made["client_id"], made["secret"])).json()["access_token"]
    assert await _code(nobody, token) == 0

    listed = (await admin.get(f"/api/v1/users/{user}/applications")).json()["items"]
    assert listed == [{"id": made["id"], "client_id": made["client_id"], "name": "Importer"}]

    renewed = (await admin.post(f"/api/v1/credentials/{made['id']}/secret")).json()
    assert renewed["client_id"] == made["client_id"]
    assert await _code(nobody, token) == DENIED
    assert (await _token(nobody, made["client_id"], made["secret"])).json() == {"error": "invalid_client"}
    assert (await _token(nobody, f"{{{made['client_id'].upper()}}}", renewed["secret"])).status_code == 200

    await admin.delete(f"/api/v1/credentials/{renewed['id']}")
    assert (await _token(nobody, made["client_id"], renewed["secret"])).json() == {"error": "invalid_client"}


async def test_a_token_ends_after_eight_hours_and_with_the_user_of_its_application(api: Api) -> None:
    known = await alloy(api)
    world, client = api.world, await api.client("anonymous")
    assert await _code(client, known["robot"]) == 0

    world.clock.advance(timedelta(hours=8))
    assert await _code(client, known["robot"]) == DENIED

    fresh = await _token(client, str(known["client_id"]), str(known["client_secret"]))
    assert await _code(client, fresh.json()["access_token"]) == 0
    admin = await api.client("admin")
    await admin.post(f"/api/v1/users/{world.people['manager']}/deactivate")
    assert await _code(client, fresh.json()["access_token"]) == DENIED


async def test_an_application_that_ends_by_itself_gives_no_token_that_outlives_it(api: Api) -> None:
    world = api.world
    ends_at = world.clock() + timedelta(hours=1)
    made = await applications.create(world.context, world.admin, world.people["viewer"], "Short", expires_at=ends_at)
    client = await api.client("anonymous")

    assert (await _token(client, made.client_id, made.secret)).json()["expires_in"] == 3599
    world.clock.advance(timedelta(hours=1))
    assert (await _token(client, made.client_id, made.secret)).json() == {"error": "invalid_client"}


async def test_tokens_of_alloy_open_no_other_surface_and_those_of_others_do_not_open_alloy(api: Api) -> None:
    known = await alloy(api)
    world, client = api.world, await api.client("anonymous")
    for token in (known["robot"], known["clerk"], known["client_secret"]):
        headers = {"Authorization": f"Bearer {token}"}
        assert (await client.get("/api/v1/me", headers=headers)).status_code == 401
    clerk = await world.actor("clerk")
    assert clerk.user_id is not None
    native = await credentials.create_token(world.context, clerk, clerk.user_id, kind="token", name="native")

    assert await _code(client, native.secret) == DENIED


async def test_who_an_application_acts_for_has_only_what_they_created(api: Api) -> None:
    known = await alloy(api)
    client = await api.client("anonymous")
    manager = api.world.people["manager"]
    headers = {"Authorization": f"bearer {known['robot']}", "Impersonating-User-Id": f"PN{manager:06}"}

    seen = await client.get("/alloy/api/v2/object/T000001", headers=headers)
    listed = await client.get("/alloy/api/v2/Tickets", headers=headers)

    assert seen.json()["errorText"] == "Object T000001 not found."
    assert listed.json()["responseObject"]["Data"] == []


async def test_two_authorization_headers_are_refused(api: Api) -> None:
    known = await alloy(api)
    client = await api.client("anonymous")
    headers = [("Authorization", f"bearer {known['robot']}"), ("Authorization", f"bearer {known['clerk']}")]

    answer = await client.get("/alloy/api/v2/profile", headers=headers)

    assert answer.status_code == 401
    assert answer.json()["errorCode"] == DENIED
