"""The Navixy surface: conditions, filters, places and orders of lists of tasks and forms."""

from datetime import timedelta

import pytest

from satchel.actions.instances import tasks
from satchel.model.ids import TaskId
from surfaces.conftest import Api
from surfaces.navixy_client import Navixy, open_navixy, refusal

Given = dict[str, object]
BERLIN = {"lat": 52.52, "lng": 13.405, "address": "Alexanderplatz", "radius": 100}
PARIS = {"lat": 48.8566, "lng": 2.3522, "address": "Rue de Rivoli"}


@pytest.fixture
async def navixy(api: Api) -> Navixy:
    """The surface with two more tasks: one in Berlin that its clerk holds, and one in Paris."""
    found = await open_navixy(api, await api.client("anonymous"))
    (template,) = (await found.call("form/template/list")).json()["list"]
    mine = api.world.people["clerk"]
    berlin = {"tracker_id": mine, "label": "Boiler", "description": "100% loud", "location": BERLIN, "tags": [1, 2]}
    paris = {"label": "Lift", "description": "quiet", "location": PARIS, "tags": [2, 3], "external_id": "77"}
    for one in (berlin, {**paris, "from": "2030-01-01 00:00:00", "to": "2030-01-02 00:00:00"}):
        task = {"form_template_id": template["id"], **one}
        assert (await found.call("task/create", task=task)).json()["success"] is True
    return found


async def _labels(navixy: Navixy, **given: object) -> list[str]:
    """Return the labels of the tasks that are found; the first one has only its number."""
    answer = (await navixy.call("task/list", **{"sort": ["id=asc"], **given})).json()
    assert answer["count"] >= len(answer["list"]), answer
    return ["first" if one["id"] == navixy.task else one["label"] for one in answer["list"]]


async def test_tasks_are_found_by_conditions_as_deep_as_they_come(navixy: Navixy) -> None:
    clerk = navixy.api.world.people["clerk"]
    (template,) = (await navixy.call("form/template/list")).json()["list"]
    period = {"from": "2030-01-01 00:00:00", "to": "2030-01-01 00:00:00"}
    loud: Given = {"type": "contains", "field": "description", "value": "0% L"}
    lift: Given = {"type": "contains", "field": "label", "value": "lif"}
    wanted: list[tuple[Given, list[str]]] = [
        (loud, ["Boiler"]),
        ({"type": "or", "conditions": [loud, lift]}, ["Boiler", "Lift"]),
        ({"type": "and", "conditions": [loud, lift]}, []),
        ({"type": "not", "condition": {"type": "or", "conditions": [loud, lift]}}, ["first"]),
        ({"type": "eq", "field": "id", "value": navixy.task}, ["first"]),
        ({"type": "in", "field": "id", "value": [navixy.task, 10**9]}, ["first"]),
        ({"type": "eq", "field": "employee", "value": clerk}, ["Boiler"]),
        ({"type": "contains", "field": "employee", "value": "CLER"}, ["Boiler"]),
        ({"type": "not", "condition": {"type": "eq", "field": "employee", "value": clerk}}, ["first", "Lift"]),
        ({"type": "eq", "field": "external_id", "value": 77}, ["Lift"]),
        ({"type": "in", "field": "status", "value": ["assigned", "failed"]}, ["Boiler"]),
        ({"type": "contains", "field": "status", "value": "unass"}, ["first", "Lift"]),
        ({"type": "contains", "field": "location", "value": "alexander"}, ["Boiler"]),
        ({"type": "eq", "field": "form", "value": template["id"]}, ["first", "Boiler", "Lift"]),
        ({"type": "contains", "field": "form", "value": "app nav"}, ["first", "Boiler", "Lift"]),
        ({"type": "eq", "field": "stay_duration", "value": 0}, ["first", "Boiler", "Lift"]),
        ({"type": "period", "field": "from", "value": period}, ["Lift"]),
        ({"type": "period", "field": "to", "value": {"from": period["to"]}}, ["Lift"]),
        ({"type": "period", "field": "arrival_date", "value": {}}, []),
    ]
    for condition, labels in wanted:
        assert await _labels(navixy, conditions=[condition]) == labels, condition
    assert await _labels(navixy, conditions=[loud, lift]) == []


async def test_tasks_are_found_by_texts_tags_and_places(navixy: Navixy) -> None:
    wanted: list[tuple[Given, list[str]]] = [
        ({"filters": ["boil"]}, ["Boiler"]),
        ({"filters": ["rivoli"]}, ["Lift"]),
        ({"filters": ["boil", "rivoli"]}, []),
        ({"filter": "77"}, ["Lift"]),
        ({"filter": "quie", "filters": ["lift"]}, ["Lift"]),
        ({"tag_ids": [1]}, ["Boiler"]),
        ({"tag_ids": [1, 3]}, ["Boiler", "Lift"]),
        ({"tag_ids": [4]}, []),
        ({"location": {"lat": 52.5, "lng": 13.4, "radius": 3000}}, ["Boiler"]),
        ({"location": {"lat": 52.5, "lng": 13.4, "radius": 2000}}, []),
        ({"location": {"lat": 48.85, "lng": 2.35, "radius": 300000}}, ["Lift"]),
    ]
    for given, labels in wanted:
        assert await _labels(navixy, **given) == labels, given


async def test_tasks_are_sorted_by_every_column_that_has_a_name(navixy: Navixy) -> None:
    wanted: list[tuple[str, list[str]]] = [
        ("employee=desc", ["Boiler", "Lift", "first"]),
        ("location=desc", ["Lift", "Boiler", "first"]),
        ("arrival_date=asc", ["first", "Boiler", "Lift"]),
        ("stay_duration=desc", ["Lift", "Boiler", "first"]),
        ("form=asc", ["first", "Boiler", "Lift"]),
        ("description=asc", ["first", "Boiler", "Lift"]),
    ]
    for sort, labels in wanted:
        assert await _labels(navixy, sort=[sort]) == labels, sort


async def test_what_is_wrong_with_a_list_is_said_by_its_name(navixy: Navixy) -> None:
    one: Given = {"type": "eq", "field": "id", "value": 1}
    deep: Given = one
    for _ in range(20):
        deep = {"type": "or", "conditions": [deep, one, one, one]}
    wrong: list[tuple[str, Given]] = [
        ("conditions.value", {"conditions": [{"type": "in", "field": "status"}]}),
        ("conditions.type", {"conditions": [{"type": "like", "field": "id", "value": 1}]}),
        ("conditions.type", {"conditions": [{"type": "eq", "field": "from", "value": 1}]}),
        ("conditions.type", {"conditions": [{"type": "period", "field": "id", "value": {}}]}),
        ("conditions.field", {"conditions": [{"type": "eq", "field": "nothing", "value": 1}]}),
        ("conditions.value", {"conditions": [{"type": "eq", "field": "id", "value": "1"}]}),
        ("conditions.value", {"conditions": [{"type": "eq", "field": "id", "value": 0.1234567}]}),
        ("conditions.value", {"conditions": [{"type": "contains", "field": "label", "value": "x" * 761}]}),
        ("conditions.conditions", {"conditions": [{"type": "and", "conditions": [one]}]}),
        ("conditions", {"conditions": [one] * 61}),
        ("conditions", {"conditions": [deep]}),
        ("filters", {"filters": "x"}),
        ("tag_ids", {"tag_ids": ["x"]}),
        ("location.radius", {"location": {"lat": 1, "lng": 1}}),
        ("location.lat", {"location": {"lat": 91, "lng": 1, "radius": 1}}),
        ("sort", {"sort": ["id=up"]}),
    ]
    for name, given in wrong:
        answer = await navixy.call("task/list", **given)
        assert refusal(answer) == (400, 7), given
        assert [one["parameter"] for one in answer.json()["errors"]] == [name], given


async def test_forms_are_found_by_filters_and_periods(navixy: Navixy) -> None:
    world = navixy.api.world
    (template,) = (await navixy.call("form/template/list")).json()["list"]
    await tasks.claim(world.context, await world.actor("clerk"), TaskId(navixy.task))
    assert (await navixy.call("task/status/update", task_id=navixy.task, status="done")).json()["success"] is True
    now = world.clock()
    past = {"from": (now - timedelta(days=2)).isoformat(), "to": (now - timedelta(days=1)).isoformat()}
    around = {"from": (now - timedelta(days=1)).isoformat(), "to": (now + timedelta(days=1)).isoformat()}

    async def found(**given: object) -> list[str]:
        asked = {"include_unsubmitted": True, "template_id": template["id"], "order_by": "task_id", **given}
        answer = (await navixy.call("task/form/list", **asked)).json()
        return ["first" if one["task"]["id"] == navixy.task else one["task"]["label"] for one in answer["list"]]

    wanted: list[tuple[Given, list[str]]] = [
        ({"filters": {"task_label": "boil"}}, ["Boiler"]),
        ({"filters": {"task_label": "boil", "task_address": "rivoli"}}, []),
        ({"filters": {"employee_full_name": "cler"}}, ["first", "Boiler"]),
        ({"filters": {"task_id": navixy.task}}, ["first"]),
        ({"filters": {"form_label": "app"}}, ["first", "Boiler", "Lift"]),
        ({"filters": {"form_description": "x"}}, []),
        ({"filters": {"vehicle_label": "x"}}, []),
        ({"task_creation_period": around}, ["first", "Boiler", "Lift"]),
        ({"task_creation_period": past}, []),
        ({"task_to_period": {"from": "2030-01-02 00:00:00"}}, ["Lift"]),
        ({"task_from_period": {"from": "2029-01-01 00:00:00"}}, ["Lift"]),
        ({"task_completion_period": around}, ["first"]),
        ({"task_arrival_period": around}, []),
        ({"task_arrival_period": {}}, ["first", "Boiler", "Lift"]),
        ({"order_by": "task_from", "ascending": False, "limit": 1}, ["Lift"]),
    ]
    for given, labels in wanted:
        assert await found(**given) == labels, given
    unknown = await navixy.call("task/form/list", include_unsubmitted=True, template_id=2**40)
    assert refusal(unknown) == (404, 204)
