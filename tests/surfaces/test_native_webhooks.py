"""Webhooks over HTTP: made, looked at, changed, tested and made again; the secret shown once."""

import json

import pytest

from satchel.model.ids import DeliveryId
from surfaces.conftest import Api
from webhook_steps import deploy, run_jobs


async def _made(api: Api) -> dict[str, object]:
    await deploy(api.world)
    admin = await api.client("admin")
    answer = await admin.post("/api/v1/webhooks", json={"app": "HOK", "url": "https://127.0.0.1/hook?key=k"})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/api/v1/webhooks/{answer.json()['id']}"
    made: dict[str, object] = answer.json()
    return made


async def test_a_webhook_is_made_with_a_secret_that_is_shown_only_then(api: Api) -> None:
    made = await _made(api)
    admin = await api.client("admin")

    assert str(made.pop("secret")).startswith("whsec_")
    assert made["events"] == ["start", "save", "task_done", "end"]
    assert (made["app"], made["format"], made["active"], made["disabled"]) == ("HOK", "native", True, None)
    assert (await admin.get(f"/api/v1/webhooks/{made['id']}")).json() == made
    assert (await admin.get("/api/v1/webhooks", params={"app": "HOK"})).json()["items"] == [made]
    assert (await admin.get("/api/v1/webhooks", params={"app": "NOP"})).status_code == 404

    again = await admin.post(f"/api/v1/webhooks/{made['id']}/secret", json={"at_once": True})
    assert again.json()["secret"].startswith("whsec_")
    assert (await admin.delete(f"/api/v1/webhooks/{made['id']}")).status_code == 204
    assert (await admin.get(f"/api/v1/webhooks/{made['id']}")).status_code == 404


async def test_a_part_of_a_webhook_is_changed_and_the_rest_stays(api: Api) -> None:
    made = await _made(api)
    admin = await api.client("admin")
    path = f"/api/v1/webhooks/{made['id']}"

    changed = (await admin.patch(path, json={"events": ["end", "start"], "active": False})).json()

    assert (changed["events"], changed["active"], changed["url"]) == (["start", "end"], False, made["url"])
    refused = await admin.patch(path, json={"url": "gopher://x/"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "url")
    assert (await admin.patch(path, json={"event": ["end"]})).status_code == 400
    assert (await admin.get(path)).json() == changed


async def test_what_a_webhook_was_told_is_listed_from_the_newest_with_its_attempts(api: Api) -> None:
    made = await _made(api)
    world, admin = api.world, await api.client("admin")
    clerk = await world.actor("clerk")
    numbers = [await world.start(clerk, "HOK", name=name) for name in ("one", "two", "three")]
    test = await admin.post(f"/api/v1/webhooks/{made['id']}/test")
    assert test.status_code == 202
    await run_jobs(world)
    path = f"/api/v1/webhooks/{made['id']}/deliveries"

    first = (await admin.get(path, params={"limit": 2})).json()
    rest = (await admin.get(path, params={"limit": 2, "cursor": first["next"]})).json()
    assert [one["id"] for one in first["items"]][:1] == [test.json()["delivery"]]
    assert [one["instance"] for one in (*first["items"], *rest["items"])] == [None, *reversed(numbers)]
    assert rest["next"] is None
    failed = (await admin.get(path, params={"state": "failed"})).json()["items"]
    assert [one["event"] for one in failed] == ["test"]
    assert (await admin.get(path, params={"state": "lost"})).status_code == 400

    whole = (await admin.get(f"/api/v1/deliveries/{first['items'][0]['id']}")).json()
    (attempt,) = whole["attempts"]
    assert (attempt["number"], attempt["state"], attempt["reason"]) == (1, "failed", "forbidden_address")
    assert "key=k" not in str(whole)
    again = f"/api/v1/deliveries/{DeliveryId(whole['id'])}/redeliver"
    assert (await admin.post(again)).status_code == 202
    assert (await admin.post(again)).json()["code"] == "invalid_state"


@pytest.mark.parametrize(
    "body",
    [
        {"app": "HOK"},
        {"app": "HOK", "url": "https://x.example/", "events": ["deleted"]},
        {"app": "HOK", "url": "https://x.example/", "format": "flock"},
        {"app": "HOK", "url": "https://x.example/\ud800"},
        {"url": "https://x.example/"},
        {"app": "HOK", "url": 7},
        {"app": "HOK", "url": "https://x.example/", "secret": "mine"},
    ],
)
async def test_a_webhook_that_cannot_be_is_refused_and_not_kept(api: Api, body: dict[str, object]) -> None:
    await deploy(api.world)
    admin = await api.client("admin")
    refused = await admin.post(
        "/api/v1/webhooks", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert refused.status_code in (400, 422), refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert (await admin.get("/api/v1/webhooks")).json()["items"] == []
