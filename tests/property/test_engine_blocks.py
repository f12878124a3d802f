"""Random processes do what their blocks say, whatever happens in whatever order."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine_blocks import Block, Leaf, Place, Scope, World
from engine_bpmn import BUILT_INS, MESSAGE, NOW, Host, document, el, flow
from engine_random_blocks import blocks
from satchel.engine import command as c
from satchel.engine import effect as e
from satchel.engine import run, snapshot, step
from satchel.engine.board import Board
from satchel.engine.parse import parse
from satchel.engine.snapshot import State
from satchel.model.errors import InvalidState
from satchel.model.ids import TokenId

COMMANDS = 40
"""How many commands are drawn; then every way back is closed and the rest is done in order."""

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
quick = settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
long = settings(quick, max_examples=4000)


class OneGo:
    """The same process kept in memory from start to end, never saved."""

    def __init__(self, host: Host) -> None:
        self.definition = host.definition
        self.board = Board(
            process=host.definition.process,
            state=State(),
            now=NOW,
            values={},
            new_token=self._key,
        )
        self.serial = itertools.count()

    def _key(self) -> TokenId:
        return TokenId(f"k{next(self.serial)}")

    def send(self, command: c.Command, values: dict[str, object]) -> bytes:
        self.board.values = {**BUILT_INS, **values}
        step._apply(self.board, command)
        run.settle(self.board)
        return snapshot.dump(self.board.state, self.definition.fingerprint)


def bpmn_of(block: Block) -> bytes:
    drawn = block.draw()
    return document(
        el("startEvent", "start"),
        el("endEvent", "end"),
        drawn.parts,
        flow("start", drawn.first),
        flow(drawn.last, "end"),
        outside=MESSAGE,
    )


def command_for(opened: e.Effect, token: TokenId, *, fails: bool) -> c.Command:
    match opened:
        case e.TaskOpened():
            return c.FailTask(token=token, code="broken") if fails else c.CompleteTask(token=token)
        case e.JobDue():
            return c.FailJob(token=token, code="broken") if fails else c.FinishJob(token=token)
        case e.TimerSet():
            return c.TimerDue(token=token)
        case _:
            return c.MessageArrived(token=token)


def assert_refused(host: Host, command: c.Command) -> None:
    before = host.state
    with pytest.raises(InvalidState):
        host.send(command)
    assert host.state == before


def run_both(block: Block, data: st.DataObject) -> None:
    """Drive the engine and the interpreter alike until the process is over."""
    host, world = Host(definition=parse(bpmn_of(block))), World()
    one_go = OneGo(host)
    choices = block.choices()
    items = data.draw(st.sampled_from([[], ["p"], ["p", "q"]]))

    def draw_values(*, is_open: bool) -> dict[str, object]:
        drawn = {name: data.draw(st.integers(0, count - 1)) if is_open else 0 for name, count in choices.items()}
        return {**drawn, "items": items}

    def both(command: c.Command, happen: Callable[[], None], *, is_open: bool) -> None:
        world.values = host.values = draw_values(is_open=is_open)
        host.send(command)
        assert one_go.send(command, host.values) == host.state
        happen()
        assert host.status == world.status
        assert host.at() == world.at()

    scope = Scope(world.end)
    both(c.Start(), lambda: block.start(Place(world, (), scope, world.fail), scope.end), is_open=True)
    used: list[TokenId] = []
    for turn in itertools.count():
        if world.status != "running":
            break
        assert turn < 3000, "it does not come to an end"
        is_open = turn < COMMANDS
        leaves = world.open
        element = (
            data.draw(st.sampled_from(sorted({leaf.element for leaf in leaves}))) if is_open else waits_first(leaves)
        )
        leaf = next(leaf for leaf in leaves if leaf.element == element)
        token = host.tokens(element)[0]
        fails = is_open and leaf.fail is not None and data.draw(st.integers(0, 19)) == 19
        if is_open and used:
            assert_refused(host, c.CompleteTask(token=data.draw(st.sampled_from(used))))
            assert_refused(host, c.FinishCall(token=token))
            assert_refused(host, c.Start())
        command = command_for(host.open[token], token, fails=fails)

        def happen(leaf: Leaf = leaf, *, fails: bool = fails) -> None:
            world.leave(leaf)
            (leaf.fail if fails and leaf.fail is not None else leaf.done)()

        both(command, happen, is_open=is_open)
        used.append(token)
    assert host.open == {}
    if used:
        assert_refused(host, c.TimerDue(token=used[-1]))


def waits_first(leaves: list[Leaf]) -> str:
    """Return an activity rather than a boundary event: a message that does not interrupt could come for ever."""
    elements = sorted(leaf.element for leaf in leaves)
    return next((element for element in elements if not element.startswith("b")), elements[0])


@quick
@given(blocks(), st.data())
def test_a_process_has_open_what_its_blocks_say(block: Block, data: st.DataObject) -> None:
    run_both(block, data)


@pytest.mark.soak
@long
@given(blocks(depth=4), st.data())
def test_a_larger_process_has_open_what_its_blocks_say(block: Block, data: st.DataObject) -> None:
    run_both(block, data)
