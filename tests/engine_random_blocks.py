"""Draws random block-structured processes for `engine_blocks`."""

from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

from engine_blocks import Activity, Again, Block, Bound, Branches, Race, Sequence

Kinds = Literal["userTask", "serviceTask", "subProcess"]
TASKS = ("task", "job")
COMPOUND = ("parallel", "inclusive", "again", "subprocess", "bounded", "looped", "race", "exclusive", "sequence")
GATEWAYS: dict[str, Literal["exclusiveGateway", "parallelGateway", "inclusiveGateway"]] = {
    "exclusive": "exclusiveGateway",
    "parallel": "parallelGateway",
    "inclusive": "inclusiveGateway",
}


@dataclass
class Maker:
    """Draws blocks, each id once."""

    draw: st.DrawFn
    serial: int = 0

    def name(self, prefix: str) -> str:
        self.serial += 1
        return f"{prefix}{self.serial}"

    def several(self, left: int, least: int) -> list[Block]:
        return [self.some(left) for _ in range(self.draw(st.integers(least, 3)))]

    def some(self, left: int) -> Block:
        kind = self.draw(st.sampled_from((*COMPOUND, *TASKS) if left > 0 else TASKS))
        if kind in GATEWAYS:
            return Branches(self.name(kind[0]), GATEWAYS[kind], self.several(left - 1, 2))
        match kind:
            case "task" | "job":
                return Activity(self.name("u"), "userTask" if kind == "task" else "serviceTask")
            case "sequence":
                return Sequence(self.several(left - 1, 2))
            case "again":
                # something in it waits, so that no value makes it go round for ever
                waits = Activity(self.name("u"), "userTask")
                return Again(self.name("a"), Sequence([waits, self.some(left - 1)]))
            case "race":
                return Race(self.name("r"), self.some(left - 1), self.some(left - 1))
            case _:
                return self.activity(left, kind)

    def activity(self, left: int, kind: str) -> Block:
        of: Kinds = "subProcess"
        if kind != "subprocess":
            of = self.draw(st.sampled_from(("userTask", "serviceTask", "subProcess")))
        made = Activity(self.name("w"), of, self.some(left - 1) if of == "subProcess" else None)
        if kind == "looped":
            made.loop = self.draw(st.sampled_from(("parallel", "sequential", "while")))
        if kind == "bounded" or self.draw(st.booleans()):
            event = self.draw(st.sampled_from(("timer", "message", "error")))
            interrupts = event == "error" or self.draw(st.booleans())
            handler = self.some(left - 1)
            if not interrupts:
                # it may run twice at a time, and tokens of one scope share its joins: so each gets its own scope
                handler = Activity(self.name("h"), "subProcess", handler)
            made.bounds.append(Bound(self.name("b"), event, interrupts, handler))  # type: ignore[arg-type]  # drawn
        return made


@st.composite
def blocks(draw: st.DrawFn, depth: int = 3) -> Block:
    """Draw a block; every id in it is its own."""
    maker = Maker(draw)
    return Sequence([maker.some(depth) for _ in range(draw(st.integers(1, 3)))])
