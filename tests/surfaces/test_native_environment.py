"""Values of the environment: one bundle calls another address on each server."""

import httpx

from calling import FIELDS, START, allow, incident
from engine_bpmn import el, simple, user
from peers import peer
from satchel.actions.apps import deploying
from satchel.actions.calls import by_hand
from satchel.model.environment import fill_in, names_in
from satchel.model.errors import Finding
from satchel.model.services import Auth, AuthKind
from satchel.model.template import parse_template, render
from surfaces.conftest import Api
from world import bundle

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


async def put(api: Api, name: str, value: str, who: str = "admin") -> httpx.Response:
    return await (await api.client(who)).put(f"/api/v1/environment/{name}", json={"value": value})


async def test_a_call_goes_where_the_environment_says_and_stops_where_that_says_nothing(api: Api) -> None:
    world = api.world
    async with peer() as other:
        allow(world, other)
        url = other.says("/orders/RST-1", OK)
        (warned,) = await warnings(api)
        assert (warned.code, warned.severity) == ("unknown_env", "warning")
        assert "env.erp_key, env.erp_url is not set on this server" in warned.message
        number = await world.start(world.admin, "RST")
        await world.perform(number)
        assert "satchel admin env erp_key VALUE" in await incident(world, number)

        base = url.removesuffix("/orders/RST-1")
        for name, value in (("erp_url", base), ("erp_key", 'a "key" of 100%')):
            assert (await put(api, name, value)).status_code == 204
        assert await warnings(api) == []
        (stopped,) = await by_hand.incidents(world.context, world.admin, instance_id=number, after=0, limit=9)
        await by_hand.retry(world.context, world.admin, stopped.id)
        await world.perform(number)

    (arrived,) = other.requests
    assert arrived.target == "/orders/RST-1"
    assert arrived.headers["x-key"] == 'a "key" of 100%'
    assert arrived.body == b'{"key": "a \\"key\\" of 100%", "whole": "a \\"key\\" of 100%"}'
    assert (await world.open_task(number)).element == "u"


async def warnings(api: Api) -> list[Finding]:
    """Deploy the app and return what the reply warns of."""
    task = {
        "kind": "rest",
        "method": "POST",
        "url": "{{ env.erp_url }}/orders/{{ identifier }}",
        "headers": {"X-Key": "{{ env.erp_key }}"},
        "body": "text",
        "text": '{"key": "{{ env.erp_key }}", "whole": {{ env.erp_key }}}',
    }
    manifest = {"code": "RST", "fields": FIELDS, "start": START, "services": {"s": task}}
    done = await deploying.deploy(
        api.world.context,
        api.world.admin,
        bundle(manifest, simple(el("serviceTask", "s"), user("u"), through=("s", "u"))),
    )
    return list(done.warnings)


async def test_values_are_set_by_administrators_and_seen_by_those_who_deploy(api: Api) -> None:
    assert (await put(api, "erp_url", "https://erp.example", "clerk")).status_code == 403
    assert (await put(api, "erp_url", "https://erp.example")).status_code == 204
    assert (await put(api, "erp_url", "https://erp2.example")).status_code == 204
    listed = await (await api.client("manager")).get("/api/v1/environment")
    assert [(one["name"], one["value"]) for one in listed.json()["items"]] == [("erp_url", "https://erp2.example")]
    assert (await (await api.client("clerk")).get("/api/v1/environment")).status_code == 403
    assert (await (await api.client("rival")).get("/api/v1/environment")).json()["items"] == []
    for name, value, field in (
        ("Erp", "x", "name"),
        ("e", "", "value"),
        ("e", "a\nb", "value"),
        ("e", "x" * 2001, "value"),
    ):
        refused = await put(api, name, value)
        assert (refused.status_code, [one["field"] for one in refused.json()["errors"]]) == (422, [field])
    admin = await api.client("admin")
    assert (await admin.delete("/api/v1/environment/erp_url")).status_code == 204
    assert (await admin.delete("/api/v1/environment/erp_url")).status_code == 404


def test_every_text_of_a_service_takes_values_and_names_what_it_needs() -> None:
    auth = Auth(kind=AuthKind.OAUTH2, secret="s", user="{{ env.id }}", token_url="https://{{env.host}}/t", scope="x")
    assert names_in(auth) == {"id", "host"}
    filled = fill_in({"auth": auth}, {"id": "me", "host": "h.example"})["auth"]
    assert (filled.user, filled.token_url, filled.scope) == ("me", "https://h.example/t", "x")
    template = parse_template("{{ env.a }}/{{ b }}/{{ env.c }}", {"b"})
    assert render(fill_in(template, {"a": "{{ b }}"}), {"b": 1, "env.c": 2}) == "{{ b }}/1/2"
