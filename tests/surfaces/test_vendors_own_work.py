"""The vendors' surfaces show nobody their own work: their clients see by rights and open tasks, as before.

Two people have the same rights and the same group. One started an instance and completed its task, the other did
nothing in it. Each call has to answer both alike, and to answer a clerk, who may view it, otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import pytest

from golden.alloy_world import token
from golden.flokzu_world import key_of
from golden.questetra_world import passwords
from own_work import deploy_order
from satchel.actions.identity import credentials
from satchel.actions.instances import tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.lists import nodes
from satchel.model.actor import Right
from surfaces.conftest import Api
from surfaces.navixy_client import session
from world import PDF

PEOPLE = ("worker", "other", "clerk")


@dataclass(frozen=True, kw_only=True)
class Done:
    """An order that the worker started and whose first task they completed, and how each person signs in."""

    numbers: Mapping[str, object]
    signed_in: Mapping[tuple[str, str], str]


@pytest.fixture
async def done(api: Api) -> Done:
    """Return the world after the worker has started and completed."""
    world = api.world
    await deploy_order(world)
    worker = await world.add_person("worker", Right.START, groups=["buyers"])
    await world.add_person("other", Right.START, groups=["buyers"])
    offer = await world.upload(worker, PDF, name="offer.pdf", field="offer", app="ORD")
    number = await world.start(worker, "ORD", item="Desk", amount=1, offer=[offer])
    task = await world.take_task(worker, number)
    report = await world.upload(worker, PDF, name="report.pdf", field="report", task=task)
    await tasks.complete(world.context, worker, task, Submission(values={"report": [report]}), outcome="yes")
    signed_in: dict[tuple[str, str], str] = {}
    for who in PEOPLE:
        actor = await world.actor(who)
        signed_in["flokzu", who] = await key_of(world, actor)
        signed_in["alloy", who] = f"bearer {await token(world, actor)}"
        signed_in["navixy", who] = f"NVX {await session(api, who)}"
        signed_in["questetra", who] = f"Basic {(await passwords(world, who))[f'basic_{who}']}"
        made = await credentials.create_token(world.context, actor, world.people[who], kind="api_key", name="x")
        signed_in["key", who] = made.secret
    async with world.context.database.read() as tx:
        app = await world.context.apps.newest(tx, world.account, "ORD")
    (file,) = [file for file in await world.files(number) if file.id == offer]
    numbers = {
        "instance": number,
        "task": task,
        "report": report,
        "place": number * 1024 + 6,
        "app": app.app_id,
        "node": nodes.number_of(app, nodes.start_of(app).id),
        "uuid": file.uuid,
    }
    return Done(numbers=numbers, signed_in=signed_in)


CALLS = (
    ("flokzu", "/flokzu/flokzuopenapi/api/v2/process/instance?identifier=ORD-1"),
    ("flokzu", "/flokzu/flokzuopenapi/api/{key}/instance?identifier=ORD-1"),
    ("alloy", "/alloy/api/v2/object/ORD000001"),
    ("alloy", "/alloy/api/v2/Object/ORD000001/Attachments"),
    ("alloy", "/alloy/api/v2/Object/ORD000001/Attachments/{uuid}/content"),
    ("navixy", "/navixy/v2/fsm/task/read?task_id={task}"),
    ("navixy", "/navixy/v2/fsm/task/form/read?task_id={task}"),
    ("navixy", "/navixy/v2/fsm/task/history/list?task_id={task}"),
    ("questetra", "/questetra/API/PE/Workitem/Form/viewXml?workitemId={task}"),
    ("questetra", "/questetra/API/OR/ProcessInstance/view?processInstanceId={instance}"),
    (
        "questetra",
        "/questetra/API/OR/ProcessInstance/File/download?id={report}&processDataInstanceId={place}",
    ),
    ("questetra", "/questetra/PE/Workitem/File/download?id={report}&processDataInstanceId={place}"),
    (
        "key",
        "/questetra/System/ReceiveTask/HttpPost/{app}/{node}/receive/check?processInstanceId={instance}&key={key}",
    ),
)


@pytest.mark.parametrize(("surface", "path"), CALLS, ids=[path.partition("?")[0] for _, path in CALLS])
async def test_who_did_the_work_is_answered_like_who_did_not(api: Api, done: Done, surface: str, path: str) -> None:
    client = await api.client("anonymous")
    worker, other, clerk = [await _answer(client, done, surface, path, who) for who in PEOPLE]
    assert worker == other
    assert worker != clerk


async def _answer(client: httpx.AsyncClient, done: Done, surface: str, path: str, who: str) -> tuple[int, str]:
    credential = done.signed_in[surface, who]
    headers = {"Authorization": credential}
    if surface == "flokzu":
        headers = {} if "{key}" in path else {"X-Api-Key": credential, "X-Username": f"{who}@acme.example"}
    elif surface == "key":
        headers = {}
    answer = await client.get(path.format(key=credential, **done.numbers), headers=headers)
    text = answer.text.replace(answer.headers["X-Request-Id"], "ID").replace(credential, "KEY")
    return answer.status_code, text
