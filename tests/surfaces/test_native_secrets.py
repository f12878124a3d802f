"""Secrets over the native API: set and listed, never told; each answer here is searched for them as it comes."""

import io
import zipfile

import pytest

from calling import attempts
from engine_bpmn import el, simple, user
from satchel.model.actor import Actor, Right
from surfaces.conftest import Api
from world import World, bundle

ADDRESS = "/api/v1/secrets"


async def test_a_secret_is_set_listed_without_its_value_and_forgotten(api: Api) -> None:
    admin, rival = await api.client("admin"), await api.client("rival")
    made = await admin.put(f"{ADDRESS}/erp_token", json={"value": "open sesame 1", "hosts": ["ERP.example"]})
    assert made.is_success, made.text
    changed = await admin.put(f"{ADDRESS}/erp_token", json={"value": "open sesame 2"})
    assert changed.is_success, changed.text

    (listed,) = (await admin.get(ADDRESS)).json()["items"]

    assert (listed["name"], listed["hosts"], "value" in listed) == ("erp_token", [], False)
    assert (await rival.get(ADDRESS)).json()["items"] == []
    assert (await rival.delete(f"{ADDRESS}/erp_token")).status_code == 404
    assert (await admin.delete(f"{ADDRESS}/erp_token")).is_success
    assert (await admin.get(ADDRESS)).json()["items"] == []


async def test_a_secret_that_is_refused_is_not_repeated(api: Api) -> None:
    admin = await api.client("admin")
    assert (await admin.put(f"{ADDRESS}/known", json={"value": "open sesame"})).is_success
    for name, value in (("Bad Name", "open sesame"), ("known", "open sesame\n"), ("known", ["open sesame"])):
        refused = await admin.put(f"{ADDRESS}/{name}", json={"value": value})
        assert refused.status_code in (400, 422), refused.text


def calling(code: str, address: str = "http://127.0.0.1:9/", **auth: str) -> dict[str, bytes]:
    """Return an app whose one service task `s` calls an address with the secret `key`."""
    signed = auth or {"type": "bearer", "token": "key"}
    task = {"kind": "rest", "method": "GET", "url": address, "auth": signed, "retry": {"attempts": 1}}
    process = simple(el("serviceTask", "s"), user("u"), through=("s", "u"))
    return bundle({"code": code, "services": {"s": task}}, process)


async def warnings(api: Api, code: str) -> list[str]:
    """Deploy an app as its administrator, over HTTP, and return the messages of its warnings about secrets."""
    admin = await api.client("admin")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in calling(code).items():
            archive.writestr(name, data)
    answer = await admin.post("/api/v1/apps", content=packed.getvalue(), headers={"Content-Type": "application/zip"})
    assert answer.status_code == 201, answer.text
    return [one["message"] for one in answer.json()["warnings"] if one["code"] == "unknown_secret"]


async def starter(world: World) -> Actor:
    return await world.add_person("runner", Right.START, Right.VIEW, Right.MODIFY)


async def failed(world: World, who: Actor, code: str) -> tuple[str | None, str]:
    """Start an app, make its call, and return why it failed and what its incident says."""
    instance = await world.start(who, code)
    await world.perform(instance)
    (attempt,) = await attempts(world, instance)
    return attempt.reason, str(attempt.message)


async def test_a_secret_is_used_by_the_apps_that_it_is_granted_to_and_is_nothing_to_others(api: Api) -> None:
    world, admin = api.world, await api.client("admin")
    who = await starter(world)
    unknown = await warnings(api, "ONE")
    assert (await admin.put(f"{ADDRESS}/key", json={"value": "open sesame", "apps": ["ONE", "NEW"]})).is_success

    assert await warnings(api, "ONE") == []
    assert await warnings(api, "NEW") == [], "granted before there was an app of that code"
    assert await warnings(api, "TWO") == [unknown[0].replace("ONE", "TWO")]

    assert (await failed(world, who, "ONE"))[0] != "secret"
    reason, message = await failed(world, who, "TWO")
    assert (reason, message) == ("secret", unknown[0].replace("ONE", "TWO"))
    assert (await admin.put(f"{ADDRESS}/key", json={"apps": []})).is_success
    assert await failed(world, who, "ONE") == ("secret", unknown[0]), "word for word as one that is not there"
    assert (await admin.put(f"{ADDRESS}/key", json={"apps": ["*"]})).is_success
    assert (await failed(world, who, "TWO"))[0] != "secret"


@pytest.mark.parametrize("apps", [[], ["OTHER"], None])
async def test_a_dry_run_refuses_a_secret_that_the_call_could_not_use(api: Api, apps: list[str] | None) -> None:
    world, admin = api.world, await api.client("admin")
    who = await starter(world)
    await warnings(api, "ONE")
    if apps is not None:
        assert (await admin.put(f"{ADDRESS}/key", json={"value": "open sesame", "apps": apps})).is_success
    instance = await world.start(who, "ONE")

    address = f"/api/v1/instances/{instance}/services/s/request"
    refused = await (await api.client("runner")).get(address)
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid_state"), refused.text
    assert "satchel admin secret key --app ONE" in refused.json()["detail"]

    assert (await admin.put(f"{ADDRESS}/key", json={"value": "open sesame", "apps": ["ONE"]})).is_success
    shown = await (await api.client("runner")).get(address)
    assert (shown.status_code, shown.json()["auth"]) == (200, "bearer, with the secret key"), shown.text


async def test_another_value_keeps_the_apps_and_other_apps_keep_the_value_and_hosts(api: Api) -> None:
    admin = await api.client("admin")
    made = {"value": "open sesame 1", "hosts": ["erp.example"], "apps": ["ONE"]}
    assert (await admin.put(f"{ADDRESS}/key", json=made)).is_success
    assert (await admin.put(f"{ADDRESS}/key", json={"apps": ["ONE", "TWO"]})).is_success
    assert await listed(api) == (["erp.example"], ["ONE", "TWO"])
    assert (await admin.put(f"{ADDRESS}/key", json={"value": "open sesame 2"})).is_success
    assert await listed(api) == ([], ["ONE", "TWO"])
    assert (await admin.put(f"{ADDRESS}/unknown", json={"apps": ["ONE"]})).status_code == 404
    for bad in (["one"], ["A B"], ["**"], [""]):
        refused = await admin.put(f"{ADDRESS}/key", json={"apps": bad})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "apps")
    manager = await api.client("manager")
    assert (await manager.put(f"{ADDRESS}/key", json={"apps": ["*"]})).status_code == 403


async def listed(api: Api) -> tuple[list[str], list[str]]:
    (one,) = (await (await api.client("admin")).get(ADDRESS)).json()["items"]
    return one["hosts"], one["apps"]
