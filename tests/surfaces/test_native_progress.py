"""Where an instance stands: every element with its state, times and people, and the flows that were taken."""

import json
from datetime import timedelta
from typing import Any

import pytest

from engine_bpmn import END, MESSAGE, START, boundary, document, el, flow, message, path, simple, timer, user
from satchel.actions.instances import due, lifecycle
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Right
from satchel.model.errors import EngineStopped
from satchel.model.ids import InstanceId
from surfaces.conftest import Api
from world import PDF, bundle


async def _evaluation(api: Api) -> InstanceId:
    """Start an evaluation as somebody who has no right but `start`; buyers decide it."""
    world = api.world
    for example in ("purchase-request", "product-evaluation"):
        await world.deploy_example(example)
    starter = await world.add_person("starter", Right.START)
    file = await world.upload(starter, PDF, name="a.pdf", field="description", app="EVA")
    return await world.start(starter, "EVA", product="Desk", description=[file])


async def _progress(api: Api, who: str, instance: InstanceId) -> Any:
    answer = await (await api.client(who)).get(f"/api/v1/instances/{instance}/progress")
    assert answer.status_code == 200, answer.text
    return answer.json()


def _states(progress: Any) -> dict[str, str]:
    return {one["id"]: one["state"] for one in progress["elements"]}


def _element(progress: Any, name: str) -> Any:
    return next(one for one in progress["elements"] if one["id"] == name)


async def test_an_instance_waits_where_its_task_is_open(api: Api) -> None:
    instance = await _evaluation(api)
    await api.world.take_task(await api.world.actor("buyer"), instance)
    found = await _progress(api, "viewer", instance)
    assert list(_states(found).items()) == [
        ("evaluation_asked", "done"),
        ("evaluate", "waiting"),
        ("decision", "not_reached"),
        ("create_request", "not_reached"),
        ("rejected", "not_reached"),
        ("archive", "not_reached"),
        ("requested", "not_reached"),
    ]
    assert found["flows"] == ["to_evaluate"]
    assert (found["app"], found["version"], found["state"], found["sight"]) == ("EVA", 1, "running", "whole")
    task = _element(found, "evaluate")
    assert (task["name"], task["kind"], task["visits"]) == ("Evaluate Product", "userTask", 1)
    assert (task["holder_name"], task["by"], task["closed_at"]) == ("Buyer", None, None)
    assert task["task"] == (await api.world.open_task(instance)).id


async def test_what_was_decided_is_shown_with_who_when_and_which_way_it_went(api: Api) -> None:
    instance = await _evaluation(api)
    api.world.clock.advance(timedelta(minutes=5))
    await api.world.complete(await api.world.actor("buyer"), instance, outcome="approve")
    found = await _progress(api, "viewer", instance)
    task = _element(found, "evaluate")
    assert (task["state"], task["by_name"], task["outcome"], task["outcome_label"]) == (
        *("done", "Buyer", "approve"),
        "Approve",
    )
    assert (task["opened_at"], task["closed_at"]) == ("2026-03-02T09:30:00.000Z", "2026-03-02T09:35:00.000Z")
    states = _states(found)
    assert (states["decision"], states["create_request"], states["rejected"]) == ("done", "waiting", "not_reached")
    assert found["flows"] == ["to_evaluate", "to_decision", "when_approved"]


async def test_the_end_that_was_reached_is_done_and_the_other_is_not(api: Api) -> None:
    instance = await _evaluation(api)
    await api.world.complete(await api.world.actor("buyer"), instance, outcome="reject")
    found = await _progress(api, "viewer", instance)
    assert (found["state"], _states(found)["rejected"], _states(found)["requested"]) == ("ended", "done", "not_reached")
    assert _element(found, "rejected")["closed_at"] == "2026-03-02T09:30:00.000Z"


async def test_what_was_open_is_cancelled_with_its_instance(api: Api) -> None:
    instance = await _evaluation(api)
    await lifecycle.cancel_instance(api.world.context, api.world.admin, instance, why="ordered twice")
    found = await _progress(api, "viewer", instance)
    assert (found["state"], _states(found)["evaluate"]) == ("cancelled", "cancelled")


async def test_who_started_an_instance_sees_how_it_stands_but_not_what_others_decided(api: Api) -> None:
    instance = await _evaluation(api)
    await api.world.complete(await api.world.actor("buyer"), instance, outcome="reject")
    whole, own = [await _progress(api, who, instance) for who in ("viewer", "starter")]
    assert own["sight"] == "own"
    assert _states(own) == _states(whole)
    task = _element(own, "evaluate")
    assert (task["closed_at"], task["outcome"], task["outcome_label"]) == ("2026-03-02T09:30:00.000Z", None, None)
    assert (await _progress(api, "buyer", instance))["sight"] == "own"


async def test_who_is_offered_a_task_sees_that_task_alone(api: Api) -> None:
    instance = await _evaluation(api)
    found = await _progress(api, "buyer", instance)
    assert (found["sight"], _states(found), found["flows"]) == ("forms", {"evaluate": "waiting"}, [])


async def test_an_instance_that_one_may_not_see_has_no_progress(api: Api) -> None:
    instance = await _evaluation(api)
    for who in ("stranger", "rival"):
        client = await api.client(who)
        theirs = (await client.get(f"/api/v1/instances/{instance}/progress")).json()
        unknown = (await client.get("/api/v1/instances/999999/progress")).json()
        assert theirs["detail"].replace(str(instance), "999999") == unknown["detail"]


async def test_timers_messages_and_subprocesses_have_their_place(api: Api) -> None:
    inner = el("startEvent", "s2") + el("endEvent", "e2") + user("b") + path("s2", "b", "e2")
    process = simple(
        user("a"),
        boundary("late", "a", timer("P1D"), interrupts=False),
        user("remind"),
        path("late", "remind", "end"),
        el("intermediateCatchEvent", "news", message()),
        el("subProcess", "sub", inner),
        outside=MESSAGE,
        through=("a", "news", "sub"),
    )
    world, clerk = api.world, await api.world.actor("clerk")
    await world.deploy(bundle({"code": "TST"}, process))
    instance = await world.start(clerk, "TST")
    world.clock.advance(timedelta(days=2))
    assert await due.run_due(world.context) == 1
    late = _element(await _progress(api, "viewer", instance), "late")
    assert (late["state"], late["closed_at"]) == ("done", "2026-03-04T09:30:00.000Z")
    await world.complete(clerk, instance, "a")
    assert _states(await _progress(api, "viewer", instance))["news"] == "waiting"
    await lifecycle.send_message(world.context, clerk, instance, "reply", Submission())
    found = await _progress(api, "viewer", instance)
    assert {"news": "done", "sub": "waiting", "s2": "done", "b": "waiting", "e2": "not_reached"}.items() <= _states(
        found
    ).items()
    assert (_element(found, "news")["by_name"], _element(found, "b")["within"]) == ("Clerk", "sub")
    await world.complete(clerk, instance, "b")
    assert (_states(await _progress(api, "viewer", instance))["sub"]) == "done"


async def test_the_event_that_came_first_is_the_way_that_was_taken(api: Api) -> None:
    process = document(
        START,
        END,
        el("eventBasedGateway", "first"),
        el("intermediateCatchEvent", "news", message()),
        el("intermediateCatchEvent", "silence", timer("P1D")),
        path("start", "first", "news", "end"),
        path("first", "silence"),
        flow("silence", "end", name="silence_end"),
        outside=MESSAGE,
    )
    world, clerk = api.world, await api.world.actor("clerk")
    await world.deploy(bundle({"code": "TST"}, process))
    instance = await world.start(clerk, "TST")
    before = await _progress(api, "viewer", instance)
    assert (_states(before)["news"], _states(before)["silence"]) == ("waiting", "waiting")
    await lifecycle.send_message(world.context, clerk, instance, "reply", Submission())
    found = await _progress(api, "viewer", instance)
    assert (_states(found)["first"], _states(found)["news"], _states(found)["silence"]) == (
        *("done", "done"),
        "not_reached",
    )
    assert found["flows"] == ["start_first", "first_news", "news_end"]


async def test_where_a_process_cannot_go_on_its_incident_is_named_to_those_who_view_the_app(api: Api) -> None:
    process = document(
        START,
        END,
        user("a"),
        el("exclusiveGateway", "x"),
        path("start", "a", "x"),
        flow("x", "end", 'outcome == "never"'),
    )
    world, starter = api.world, await api.world.add_person("starter", Right.START)
    await world.deploy(bundle({"code": "TST"}, process))
    instance = await world.start(starter, "TST")
    with pytest.raises(EngineStopped):
        await world.complete(starter, instance, "a")
    clerk = await api.client("clerk")
    (incident,) = (await clerk.get("/api/v1/incidents", params={"instance": instance})).json()["items"]
    found = await _progress(api, "clerk", instance)
    assert _element(found, "x")["incident"] == incident["id"]
    assert [one["incident"] for one in (await _progress(api, "starter", instance))["elements"]] == [None]


async def test_an_instance_of_an_earlier_release_shows_the_ways_that_can_be_concluded(api: Api) -> None:
    instance = await _evaluation(api)
    await api.world.complete(await api.world.actor("buyer"), instance, outcome="approve")
    before = await _progress(api, "viewer", instance)
    (((state,),)) = (await api.world.rows("SELECT state FROM instance_states WHERE instance_id = %s", instance),)[0]
    assert isinstance(state, bytes)
    old = {name: value for name, value in json.loads(state).items() if name != "taken"}
    async with api.world.context.database.write() as tx:
        await tx.execute(
            "UPDATE instance_states SET state = %s WHERE instance_id = %s", (json.dumps(old).encode(), instance)
        )
    assert await _progress(api, "viewer", instance) == before


async def test_an_instance_whose_state_is_damaged_shows_what_its_records_say(api: Api) -> None:
    instance = await _evaluation(api)
    async with api.world.context.database.write() as tx:
        await tx.execute("UPDATE instance_states SET state = 'lost' WHERE instance_id = %s", (instance,))
    found = await _progress(api, "viewer", instance)
    assert (_states(found)["evaluate"], found["flows"]) == ("waiting", ["to_evaluate"])
