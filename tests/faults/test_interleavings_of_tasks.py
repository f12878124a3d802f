"""Pairs of actions on the same tasks, forms and apps, one stopped at each of its statements: no change is lost."""

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from faults.test_interleavings import STANDING_STILL
from interleaving import Act, Outcome, at_every_statement, interleave
from satchel.actions.apps import deploying
from satchel.actions.instances import emptying, lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Actor, Right
from satchel.model.ids import InstanceId, TaskId
from world import World, bundle, fields, open_world


def app(name: str) -> Mapping[str, bytes]:
    """Return the app under a name, which makes it another version."""
    return bundle(
        {
            "code": "TAS",
            "name": name,
            "fields": fields({"id": "one", "type": "text"}, {"id": "two", "type": "text"}),
            "start": {"fields": {"one": "edit"}},
            "tasks": {"a": {"assign": {"group": "clerks"}, "fields": {"one": "edit"}}},
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What two actions meet at: a task that is offered to two people, and one that the first of them holds."""

    world: World
    offered: InstanceId
    offered_task: TaskId
    held: InstanceId
    held_task: TaskId
    revision: int
    clerk: Actor
    colleague: Actor

    def acts(self) -> Mapping[str, Act]:
        """Return the actions by name."""
        admin, clerk, colleague = self.world.admin, self.clerk, self.colleague
        offered, task, held = self.offered_task, self.held_task, self.held
        assert colleague.user_id is not None
        number = colleague.user_id
        saved, done, other = (Submission(values=values) for values in ({"one": "s"}, {"one": "c"}, {"two": "v"}))
        return {
            "claim": lambda context: tasks.claim(context, clerk, offered),
            "claim too": lambda context: tasks.claim(context, colleague, offered),
            "assign": lambda context: tasks.assign(context, admin, offered, number),
            "cancel offered": lambda context: lifecycle.cancel_instance(context, admin, self.offered, why=""),
            "arrive": lambda context: tasks.arrive(context, clerk, task),
            "release": lambda context: tasks.release(context, clerk, task),
            "hand over": lambda context: tasks.assign(context, clerk, task, number),
            "save": lambda context: tasks.save(context, clerk, task, saved),
            "save this": lambda context: tasks.save(context, clerk, task, saved, expected=self.revision),
            "complete": lambda context: tasks.complete(context, clerk, task, done),
            "empty form": lambda context: emptying.empty_form(context, clerk, task),
            "change values": lambda context: lifecycle.change_values(context, admin, held, other, expected=None),
            "comment": lambda context: lifecycle.comment(context, clerk, held, "A comment"),
            "cancel": lambda context: lifecycle.cancel_instance(context, admin, held, why=""),
            "delete": lambda context: lifecycle.delete(context, admin, held, expected=None),
            "start": lambda context: lifecycle.start(context, clerk, "TAS", Submission(values={"one": "n"})),
            "deploy": lambda context: deploying.deploy(context, admin, app("Tasks again")),
        }


OF_OFFERED = ("claim", "claim too", "assign", "cancel offered")
OF_HELD = ("arrive", "release", "hand over", "save", "save this", "complete", "empty form", "change values", "comment")
OF_ENDS = ("save", "complete", "change values", "cancel", "delete")
OF_APPS = ("start", "deploy", "complete")
PAIRS = sorted({pair for family in (OF_OFFERED, OF_HELD, OF_ENDS, OF_APPS) for pair in product(family, family)})
ONE_WINS = [
    {"claim"},
    {"claim too"},
    {"claim", "claim too"},
    {"arrive"},
    {"release"},
    {"complete"},
    {"save this"},
    {"delete"},
]
"""The pairs of which the second finds that the first has done it."""


@pytest.fixture
async def world(populated_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(populated_database, tmp_path) as opened:
        await opened.deploy(app("Tasks"))
        await opened.add_person("colleague", Right.VIEW, groups=["clerks"])
        yield opened


async def set_scene(world: World) -> Scene:
    """Start everything anew."""
    clerk = await world.actor("clerk")
    offered, held = await world.start(clerk, "TAS", one="o"), await world.start(clerk, "TAS", one="o")
    task = await world.take_task(clerk, held)
    return Scene(
        world=world,
        offered=offered,
        offered_task=(await world.open_task(offered)).id,
        held=held,
        held_task=task,
        revision=(await world.open_task(held)).revision,
        clerk=clerk,
        colleague=await world.actor("colleague"),
    )


async def _check(scene: Scene, pair: Sequence[str], outcome: Outcome, what: str) -> None:
    world = scene.world
    for meaning, query in STANDING_STILL.items():
        assert await world.rows(query) == [], f"{what}: {meaning}"
    assert await world.drift() == [], what
    done = {name for name, refused in zip(pair, (outcome.first, outcome.second), strict=True) if refused is None}
    found = await world.rows('SELECT "values" FROM instances WHERE id = %s', scene.held)
    assert bool(found) != ("delete" in done), what
    for ((values,),) in [found] if found else []:
        assert isinstance(values, dict)
        assert not ("change values" in done and values.get("two") != "v"), f"{what}: what was changed is lost"
        assert not ("complete" in done and values.get("one") != "c"), f"{what}: what was completed with is lost"
        written = {"save": "s", "save this": "s", "complete": "c", "empty form": None}
        possible = {written[name] for name in done & {*written}} or {"o"}
        assert values.get("one") in possible, f"{what}: what was saved is lost"
    versions = await world.rows("SELECT number FROM app_versions ORDER BY number")
    assert [number for (number,) in versions] == [*range(1, len(versions) + 1)], what


async def _run(world: World, one: str, other: str, stops_at: int) -> bool:
    """Run a pair; return whether the first action has a statement of that number."""
    scene = await set_scene(world)
    acts, what = scene.acts(), f"{one} + {other} at {stops_at}"
    outcome = await interleave(world.context, acts[one], acts[other], stops_at)
    outcome.require_done(what, only_one={one, other} in ONE_WINS)
    await _check(scene, (one, other), outcome, what)
    return outcome.has_stopped


async def test_some_pairs_of_actions_on_tasks_lose_no_change(world: World) -> None:
    chance = random.Random(15)  # noqa: S311  # the same in every run
    for one, other in chance.sample(PAIRS, 12):
        await _run(world, one, other, chance.randint(2, 12))


@pytest.mark.soak
@pytest.mark.parametrize(("one", "other"), PAIRS)
async def test_every_pair_of_actions_on_tasks_loses_no_change(world: World, one: str, other: str) -> None:
    await at_every_statement(lambda stops_at: _run(world, one, other, stops_at))
