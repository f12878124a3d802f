"""Random block-structured processes, as BPMN and as a tiny interpreter of their own.

The interpreter knows nothing of tokens, gateways or states: a block is started with what to do when it is done. That it
and the engine always have the same things open is the proof that the engine does what the drawing says.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from engine_bpmn import boundary, el, error, flow, message, multi, path, repeat, timer

Next = Callable[[], None]


@dataclass(eq=False)
class Group:
    """What is cancelled together."""


@dataclass(eq=False)
class Leaf:
    """Something open."""

    element: str
    groups: tuple[Group, ...]
    done: Next
    fail: Next | None = None


@dataclass
class Scope:
    """The process or one run of a subprocess: done when all that began in it has ended."""

    finished: Next
    running: int = 1

    def end(self) -> None:
        self.running -= 1
        if self.running == 0:
            self.finished()


@dataclass
class World:
    """What the interpreter has open."""

    values: dict[str, object] = field(default_factory=dict)
    open: list[Leaf] = field(default_factory=list)
    status: str = "running"

    def at(self) -> list[str]:
        return sorted(leaf.element for leaf in self.open)

    def leave(self, leaf: Leaf) -> None:
        """Close a leaf that is still open."""
        if leaf in self.open:
            self.open.remove(leaf)

    def cancel(self, group: Group) -> None:
        self.open = [leaf for leaf in self.open if group not in leaf.groups]

    def fail(self) -> None:
        self.open = []
        self.status = "failed"

    def end(self) -> None:
        self.status = "ended"


@dataclass(frozen=True)
class Place:
    """Where a block runs."""

    world: World
    groups: tuple[Group, ...]
    scope: Scope
    fail: Next


@dataclass(frozen=True)
class Drawn:
    """A block as BPMN: its elements, and where a path enters and leaves it."""

    parts: str
    first: str
    last: str


class Block:
    """A piece of a process with one way in and one way out."""

    def draw(self) -> Drawn:
        raise NotImplementedError

    def start(self, place: Place, done: Next) -> None:
        raise NotImplementedError

    def choices(self) -> dict[str, int]:
        """Return the names of values that steer it, and how many each can have."""
        return {}


@dataclass
class Sequence(Block):
    blocks: list[Block]

    def draw(self) -> Drawn:
        drawn = [block.draw() for block in self.blocks]
        joined = [flow(a.last, b.first) for a, b in itertools.pairwise(drawn)]
        return Drawn("\n".join([*(one.parts for one in drawn), *joined]), drawn[0].first, drawn[-1].last)

    def start(self, place: Place, done: Next) -> None:
        self._from(0, place, done)

    def _from(self, at: int, place: Place, done: Next) -> None:
        if at == len(self.blocks):
            done()
        else:
            self.blocks[at].start(place, lambda: self._from(at + 1, place, done))

    def choices(self) -> dict[str, int]:
        return merged(self.blocks)


@dataclass
class Branches(Block):
    """Exclusive, parallel or inclusive branches."""

    id: str
    kind: Literal["exclusiveGateway", "parallelGateway", "inclusiveGateway"]
    blocks: list[Block]

    def draw(self) -> Drawn:
        split, join = f"{self.id}s", f"{self.id}j"
        drawn = [block.draw() for block in self.blocks]
        last = len(drawn) - 1
        default = {} if self.kind == "parallelGateway" else {"default": f"{split}_{last}"}
        parts = [el(self.kind, split, **default), el(self.kind, join)]
        for at, one in enumerate(drawn):
            condition = None
            if self.kind == "exclusiveGateway" and at != last:
                condition = f"{self.id} == {at}"
            elif self.kind == "inclusiveGateway" and at != last:
                condition = f"{self.id}_{at} == 1"
            parts += [one.parts, flow(split, one.first, condition, name=f"{split}_{at}")]
            parts.append(flow(one.last, join, name=f"{join}_{at}"))
        return Drawn("\n".join(parts), split, join)

    def start(self, place: Place, done: Next) -> None:
        taken = self._taken(place.world.values)
        left = [len(taken)]

        def one_done() -> None:
            left[0] -= 1
            if left[0] == 0:
                done()

        for block in taken:
            block.start(place, one_done)

    def _taken(self, values: dict[str, object]) -> list[Block]:
        if self.kind == "parallelGateway":
            return self.blocks
        if self.kind == "exclusiveGateway":
            return [self.blocks[int(str(values[self.id]))]]
        return [block for at, block in enumerate(self.blocks[:-1]) if values[f"{self.id}_{at}"] == 1] or [
            self.blocks[-1]
        ]

    def choices(self) -> dict[str, int]:
        own = {self.id: len(self.blocks)} if self.kind == "exclusiveGateway" else {}
        if self.kind == "inclusiveGateway":
            own = {f"{self.id}_{at}": 2 for at in range(len(self.blocks) - 1)}
        return {**own, **merged(self.blocks)}


@dataclass
class Again(Block):
    """A way back: the block is done again while a value says so."""

    id: str
    block: Block

    def draw(self) -> Drawn:
        into, out, after = f"{self.id}i", f"{self.id}o", f"{self.id}a"
        one = self.block.draw()
        parts = [
            el("exclusiveGateway", into),
            el("exclusiveGateway", out, default=f"{out}_on"),
            el("intermediateThrowEvent", after),
            one.parts,
            flow(into, one.first),
            flow(one.last, out),
            flow(out, into, f"{self.id} == 1"),
            flow(out, after, name=f"{out}_on"),
        ]
        return Drawn("\n".join(parts), into, after)

    def start(self, place: Place, done: Next) -> None:
        self.block.start(place, lambda: self.start(place, done) if place.world.values[self.id] == 1 else done())

    def choices(self) -> dict[str, int]:
        return {self.id: 2, **self.block.choices()}


@dataclass
class Race(Block):
    """The first of a timer and a message."""

    id: str
    timer: Block
    message: Block

    def draw(self) -> Drawn:
        gate, join = f"{self.id}g", f"{self.id}j"
        parts = [el("eventBasedGateway", gate), el("exclusiveGateway", join)]
        for event, inner, block in (("t", timer("PT1H"), self.timer), ("m", message(), self.message)):
            one = block.draw()
            name = f"{self.id}{event}"
            parts += [el("intermediateCatchEvent", name, inner), one.parts, path(gate, name, one.first)]
            parts.append(flow(one.last, join, name=f"{name}_j"))
        return Drawn("\n".join(parts), gate, join)

    def start(self, place: Place, done: Next) -> None:
        world, leaves = place.world, list[Leaf]()

        def happen(block: Block) -> None:
            for leaf in leaves:
                world.leave(leaf)
            block.start(place, done)

        for event, block in (("t", self.timer), ("m", self.message)):
            leaves.append(Leaf(f"{self.id}{event}", place.groups, lambda block=block: happen(block)))  # type: ignore[misc]  # a lambda with a default
        world.open.extend(leaves)

    def choices(self) -> dict[str, int]:
        return merged([self.timer, self.message])


@dataclass
class Bound:
    """A boundary event and what follows it."""

    id: str
    kind: Literal["timer", "message", "error"]
    interrupts: bool
    handler: Block


@dataclass
class Activity(Block):
    """A task or subprocess, perhaps repeated, perhaps with boundary events."""

    id: str
    kind: Literal["userTask", "serviceTask", "subProcess"]
    inside: Block | None = None
    loop: Literal["parallel", "sequential", "while"] | None = None
    bounds: list[Bound] = field(default_factory=list)
    variable: str = ""

    def draw(self) -> Drawn:
        inner = {
            None: "",
            "parallel": multi(collection="items", variable=self.variable or f"v_{self.id}"),
            "sequential": multi(collection="items", variable=self.variable or f"v_{self.id}", sequential=True),
            "while": repeat(f"{self.id} == 1", maximum=3),
        }[self.loop]
        if self.inside is not None:
            one = self.inside.draw()
            inner += el("startEvent", f"{self.id}_s") + el("endEvent", f"{self.id}_e") + one.parts
            inner += flow(f"{self.id}_s", one.first) + flow(one.last, f"{self.id}_e")
        join = f"{self.id}_j"
        parts = [el(self.kind, self.id, inner), el("exclusiveGateway", join), flow(self.id, join)]
        for bound in self.bounds:
            what = {"timer": timer("P1D"), "message": message(), "error": error(None)}[bound.kind]
            handler = bound.handler.draw()
            parts += [
                boundary(bound.id, self.id, what, interrupts=bound.interrupts),
                handler.parts,
                flow(bound.id, handler.first),
            ]
            if bound.interrupts:
                parts.append(flow(handler.last, join, name=f"{bound.id}_j"))
            else:
                parts += [el("endEvent", f"{bound.id}_e"), flow(handler.last, f"{bound.id}_e")]
        return Drawn("\n".join(parts), self.id, join)

    def start(self, place: Place, done: Next) -> None:
        items = place.world.values["items"]
        if self.loop in {"parallel", "sequential"} and not items:
            done()
            return
        group = Group()
        inner = Place(place.world, (*place.groups, group), place.scope, lambda: self._fail(group, place, done))
        watches = [self._watch(bound, group, place, done) for bound in self.bounds if bound.kind != "error"]

        def finished() -> None:
            for leaf in [leaf for leaf in place.world.open if leaf in watches or group in leaf.groups]:
                place.world.leave(leaf)
            done()

        self._rounds(inner, len(items) if isinstance(items, list) else 0, finished)

    def _rounds(self, place: Place, count: int, finished: Next) -> None:
        begun, ended = [0], [0]

        def one_done() -> None:
            ended[0] += 1
            goes_on = {
                "parallel": ended[0] < count,
                "sequential": begun[0] < count,
                "while": begun[0] < 3 and place.world.values.get(self.id) == 1,
            }.get(str(self.loop), False)
            if not goes_on:
                finished()
            elif self.loop != "parallel":
                once()

        def once() -> None:
            begun[0] += 1
            if self.inside is None:
                place.world.open.append(Leaf(self.id, place.groups, one_done, place.fail))
            else:
                scope = Scope(one_done)
                self.inside.start(Place(place.world, place.groups, scope, place.fail), scope.end)

        for _ in range(count if self.loop == "parallel" else 1):
            once()

    def _watch(self, bound: Bound, group: Group, place: Place, done: Next) -> Leaf:
        world = place.world

        def happen() -> None:
            if bound.interrupts:
                world.cancel(group)
                bound.handler.start(place, done)
                return
            if bound.kind == "message":
                world.open.append(leaf)
            place.scope.running += 1
            bound.handler.start(place, place.scope.end)

        leaf = Leaf(bound.id, (*place.groups, group), happen)
        world.open.append(leaf)
        return leaf

    def _fail(self, group: Group, place: Place, done: Next) -> None:
        handlers = [bound.handler for bound in self.bounds if bound.kind == "error"]
        if not handlers:
            place.fail()
            return
        place.world.cancel(group)
        handlers[0].start(place, done)

    def choices(self) -> dict[str, int]:
        own = {self.id: 2} if self.loop == "while" else {}
        return {**own, **merged([*([self.inside] if self.inside else []), *(bound.handler for bound in self.bounds)])}


def merged(blocks: list[Block]) -> dict[str, int]:
    return {name: count for block in blocks for name, count in block.choices().items()}
