"""The interpreter of `engine_blocks`, put into the middle of a process: it refuses a state that no run can have.

It reads where tokens stand and concludes from the blocks alone what each path still has to do. Nothing of the engine
is used but the state's data.
"""

from collections.abc import Callable
from dataclasses import dataclass

from engine_blocks import Activity, Again, Block, Branches, Group, Leaf, Next, Place, Race, Scope, Sequence, World
from satchel.engine.snapshot import Mode, State, Token


class NoSuchStateError(AssertionError):
    """No run of the process can be in this state."""


def require(holds: object, why: str) -> None:
    if not holds:
        raise NoSuchStateError(why)


def resume(block: Block, state: State, values: dict[str, object]) -> World:
    """Return a world that stands where a state says."""
    world = World(values=values)
    scope = Scope(world.end)
    _Resume(state).scope(block, Place(world, (), scope, world.fail), 0)
    return world


def places(block: Block) -> set[str]:
    """Return the ids at which a block's tokens stand in its own scope."""
    match block:
        case Sequence():
            return set().union(*(places(one) for one in block.blocks))
        case Branches():
            return {f"{block.id}s", f"{block.id}j"}.union(*(places(one) for one in block.blocks))
        case Again():
            return places(block.block)
        case Race():
            return {f"{block.id}g"} | places(block.timer) | places(block.message)
        case Activity():
            return {block.id}.union(*(places(bound.handler) for bound in block.bounds))
        case _:
            raise TypeError(block)


def side_paths(block: Block) -> list[Activity]:
    """Return the handlers in a block's own scope that run beside it."""
    match block:
        case Sequence() | Branches():
            return [side for one in block.blocks for side in side_paths(one)]
        case Again():
            return side_paths(block.block)
        case Race():
            return [*side_paths(block.timer), *side_paths(block.message)]
        case Activity():
            own = [b.handler for b in block.bounds if not b.interrupts and isinstance(b.handler, Activity)]
            return [*own, *(side for bound in block.bounds for side in side_paths(bound.handler))]
        case _:
            raise TypeError(block)


@dataclass
class _Resume:
    state: State

    def scope(self, block: Block, place: Place, number: int) -> None:
        here = [one for one in self.state.tokens.values() if one.scope == number and not one.host]
        place.scope.running = 0
        for side in side_paths(block):
            for token in [one for one in here if one.node == side.id]:
                here.remove(token)
                place.scope.running += 1
                self.at(side, place, place.scope.end, [token])
        if here:
            place.scope.running += 1
            self.at(block, place, place.scope.end, here)
        require(place.scope.running, "a scope in which nothing runs")

    def at(self, block: Block, place: Place, done: Next, here: list[Token]) -> None:
        match block:
            case Sequence():
                at, one = self._only(block.blocks, here)
                self.at(one, place, lambda: block._from(at + 1, place, done), here)
            case Branches():
                self._branches(block, place, done, here)
            case Again():
                again: Next = lambda: (  # noqa: E731  # said as the block says it
                    block.start(place, done) if place.world.values[block.id] == 1 else done()
                )
                self.at(block.block, place, again, here)
            case Race():
                self._race(block, place, done, here)
            case Activity():
                self._activity(block, place, done, here)
            case _:
                raise TypeError(block)

    def _only(self, blocks: list[Block], here: list[Token]) -> tuple[int, Block]:
        found = [(at, one) for at, one in enumerate(blocks) if all(token.node in places(one) for token in here)]
        require(len(found) == 1, "one path stands at two places")
        return found[0]

    def _branches(self, block: Branches, place: Place, done: Next, here: list[Token]) -> None:
        if block.kind == "exclusiveGateway":
            self.at(self._only(block.blocks, here)[1], place, done, here)
            return
        joined = [int(str(one.flow).rsplit("_", 1)[1]) for one in here if one.node == f"{block.id}j"]
        require(len(joined) == len(set(joined)), "two tokens have come over one flow")
        running = {at: [token for token in here if token.node in places(one)] for at, one in enumerate(block.blocks)}
        running = {at: tokens for at, tokens in running.items() if tokens}
        require(not set(joined) & set(running), "a branch both runs and has ended")
        require(sum(map(len, running.values())) + len(joined) == len(here), "a token is at no branch")
        taken, last = {*joined, *running}, len(block.blocks) - 1
        if block.kind == "parallelGateway":
            require(len(taken) == len(block.blocks), "a branch was not taken")
        else:
            require(taken == {last} or last not in taken, "the default flow was taken beside others")
        require(running, "a join waits for nothing")
        left = [len(running)]

        def one_done() -> None:
            left[0] -= 1
            if left[0] == 0:
                done()

        for at, tokens in running.items():
            self.at(block.blocks[at], place, one_done, tokens)

    def _race(self, block: Race, place: Place, done: Next, here: list[Token]) -> None:
        if here[0].node != f"{block.id}g":
            self.at(self._only([block.timer, block.message], here)[1], place, done, here)
            return
        require(len(here) == 1, "one path stands at two places")
        events = {one.node for one in self._hosted(here[0])}
        require(events == {f"{block.id}t", f"{block.id}m"}, "a choice without one of its events")
        block.start(place, done)

    def _activity(self, block: Activity, place: Place, done: Next, here: list[Token]) -> None:
        if here[0].node != block.id:
            handlers = [bound.handler for bound in block.bounds if bound.interrupts]
            self.at(self._only(handlers, here)[1], place, done, here)
            return
        require(len(here) == 1, "one path stands at two places")
        token, world, group = here[0], place.world, Group()
        require((token.mode is Mode.LOOP) == (block.loop is not None), "a loop without repetitions, or the reverse")
        inner = Place(world, (*place.groups, group), place.scope, lambda: block._fail(group, place, done))
        held = {one.node for one in self._hosted(token) if one.mode is Mode.WATCH}
        watches: list[Leaf] = []
        for bound in (one for one in block.bounds if one.kind != "error"):
            require(bound.id in held or (bound.kind == "timer" and not bound.interrupts), "an event is not awaited")
            if bound.id in held:
                watches.append(block._watch(bound, group, place, done))
        require(held <= {bound.id for bound in block.bounds}, "an event of another activity is awaited")

        def finished() -> None:
            for leaf in [leaf for leaf in world.open if leaf in watches or group in leaf.groups]:
                world.leave(leaf)
            done()

        rounds = [one for one in self._hosted(token) if one.mode is not Mode.WATCH] if block.loop else [token]
        count = token.count + len(token.left)
        one_done, once = self._rounds(block, inner, finished, begun=token.count, running=len(rounds), count=count)
        del once
        for one in rounds:
            if block.inside is None:
                world.open.append(Leaf(block.id, inner.groups, one_done, inner.fail))
            else:
                self.scope(block.inside, Place(world, inner.groups, Scope(one_done), inner.fail), one.id)

    def _rounds(
        self, block: Activity, place: Place, finished: Next, *, begun: int, running: int, count: int
    ) -> tuple[Next, Callable[[], None]]:
        """Return what ends a repetition, and what begins one: as `Activity` does, from the middle."""
        counted = [begun, begun - running if block.loop else 0]

        def one_done() -> None:
            counted[1] += 1
            goes_on = {
                "parallel": counted[1] < count,
                "sequential": counted[0] < count,
                "while": counted[0] < 3 and place.world.values.get(block.id) == 1,
            }.get(str(block.loop), False)
            if not goes_on:
                finished()
            elif block.loop != "parallel":
                once()

        def once() -> None:
            counted[0] += 1
            if block.inside is None:
                place.world.open.append(Leaf(block.id, place.groups, one_done, place.fail))
            else:
                scope = Scope(one_done)
                block.inside.start(Place(place.world, place.groups, scope, place.fail), scope.end)

        return one_done, once

    def _hosted(self, token: Token) -> list[Token]:
        return [one for one in self.state.tokens.values() if one.host == token.id]
