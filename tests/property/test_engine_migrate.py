"""Random states of random processes move to edited ones, or are refused; whatever moves goes on as drawn."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from engine_blocks import Block, World
from engine_bpmn import BUILT_INS, NOW, Host, waiting
from engine_edits import EDITS, Edit, Edited, edited
from engine_random_blocks import blocks
from engine_resume import resume
from property.test_engine_blocks import bpmn_of, command_for, waits_first
from satchel.engine import command as c
from satchel.engine import effect as e
from satchel.engine import snapshot
from satchel.engine.migrate import Migrated, migrate
from satchel.engine.parse import Definition, parse
from satchel.model.ids import ElementId, TokenId

COMMANDS = 12
quick = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
long = settings(quick, max_examples=6000)


def begun(block: Block, data: st.DataObject) -> tuple[Host, list[str]]:
    """Run a process for a while and return it with the items of its loops."""
    host = Host(definition=parse(bpmn_of(block)))
    items = data.draw(st.sampled_from([[], ["p"], ["p", "q"]]))
    choices = block.choices()

    def values() -> dict[str, object]:
        return {**{name: data.draw(st.integers(0, n - 1)) for name, n in choices.items()}, "items": items}

    host.values = values()
    host.send(c.Start())
    for _ in range(data.draw(st.integers(0, COMMANDS))):
        if not host.open:
            break
        token = data.draw(st.sampled_from(sorted(host.open)))
        host.values = values()
        host.send(command_for(host.open[token], token, fails=False))
    return host, items


def moved(host: Host, new: Definition, later: Edited) -> Host | None:
    """Return the process in its later version, or None if it was refused; nothing may be lost."""
    mapping = {ElementId(old): ElementId(name) for old, name in later.mapping.items()}
    numbers = itertools.count(host.serial)
    result = migrate(
        host.definition,
        new,
        host.state or b"",
        mapping,
        now=NOW,
        values={**BUILT_INS, **host.values},
        new_token=lambda: TokenId(f"k{next(numbers)}"),
    )
    if not isinstance(result, Migrated):
        assert result
        for finding in result:
            assert finding.message
            assert finding.element in host.definition.process.nodes
        return None
    assert result.standing.keys() == host.open.keys()
    assert not any(isinstance(one, e.TimerDropped | e.MessageDropped) for one in result.effects)
    after = Host(definition=new, state=result.state, status=host.status, serial=next(numbers))
    for key, opened in host.open.items():
        after.open[key] = replace(opened, element=result.standing[key].element)  # type: ignore[arg-type]  # whatever opens has an element
    for effect in result.effects:
        assert isinstance(effect, e.TimerSet | e.MessageAwaited)
        after.open[effect.token] = effect
    assert waiting(new, result.state) == {key: opened.element for key, opened in after.open.items()}  # type: ignore[union-attr]  # as above
    return after


def drive(host: Host, world: World, block: Block, items: list[str], data: st.DataObject) -> None:
    """Let both go on alike until the process is over."""
    choices = block.choices()
    for turn in itertools.count():
        assert host.at() == world.at()
        assert host.status == world.status
        if world.status != "running":
            return
        assert turn < 3000, "it does not come to an end"
        is_open = turn < COMMANDS
        names = sorted({leaf.element for leaf in world.open})
        element = data.draw(st.sampled_from(names)) if is_open else waits_first(world.open)
        leaf = next(one for one in world.open if one.element == element)
        token = host.tokens(element)[0]
        drawn = {name: data.draw(st.integers(0, n - 1)) if is_open else 0 for name, n in choices.items()}
        world.values = host.values = {**drawn, "items": items}
        host.send(command_for(host.open[token], token, fails=False))
        world.leave(leaf)
        leaf.done()


def move_and_go_on(block: Block, edits: tuple[Edit, ...], data: st.DataObject) -> bool:
    host, items = begun(block, data)
    if not host.open:
        return True
    later = data.draw(edited(block, edits))
    new = parse(bpmn_of(later.block))
    before = host.state
    after = moved(host, new, later)
    assert host.state == before
    event("refused" if after is None else "moved")
    if after is None:
        return False
    state = snapshot.load(after.state or b"", new.process, new.fingerprint)
    drive(after, resume(later.block, state, {"items": items}), later.block, items, data)
    return True


@quick
@given(blocks(), st.data())
def test_what_moves_goes_on_as_the_later_version_is_drawn(block: Block, data: st.DataObject) -> None:
    move_and_go_on(block, EDITS, data)


@quick
@given(blocks(), st.data())
def test_an_instance_moves_to_a_version_in_which_elements_only_have_other_names(
    block: Block, data: st.DataObject
) -> None:
    assert move_and_go_on(block, ("rename",), data)


@quick
@given(blocks(), st.data())
def test_an_instance_moves_to_a_version_with_more_steps(block: Block, data: st.DataObject) -> None:
    assert move_and_go_on(block, ("rename", "insert", "bound"), data)


@pytest.mark.soak
@long
@given(blocks(depth=4), st.data())
def test_what_moves_in_larger_processes_goes_on_as_drawn(block: Block, data: st.DataObject) -> None:
    move_and_go_on(block, EDITS, data)


@quick
@given(blocks(), st.data())
def test_the_interpreter_resumes_where_the_same_version_stands(block: Block, data: st.DataObject) -> None:
    host, items = begun(block, data)
    if not host.open:
        return
    state = snapshot.load(host.state or b"", host.definition.process, host.definition.fingerprint)
    drive(host, resume(block, state, {"items": items}), block, items, data)
