"""Random edits of the processes of `engine_blocks`: what a modeller does between two versions."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from hypothesis import strategies as st

from engine_blocks import Activity, Again, Block, Bound, Branches, Race, Sequence

Edit = Literal["rename", "insert", "beside", "remove", "retype", "bound", "unbound"]
EDITS: tuple[Edit, ...] = ("rename", "insert", "beside", "remove", "retype", "bound", "unbound")


def within(block: Block) -> Iterator[Block]:
    """Yield a block and all that is in it."""
    yield block
    for inner in _inside(block):
        yield from within(inner)


def _inside(block: Block) -> list[Block]:
    match block:
        case Sequence() | Branches():
            return block.blocks
        case Again():
            return [block.block]
        case Race():
            return [block.timer, block.message]
        case Activity():
            return [*([block.inside] if block.inside else []), *(bound.handler for bound in block.bounds)]
        case _:
            return []


@dataclass
class Edited:
    """A later version of a block, and what of the earlier one is called otherwise in it."""

    block: Block
    mapping: dict[str, str] = field(default_factory=dict)

    def rename(self, draw: st.DrawFn) -> None:
        named = [one for one in within(self.block) if isinstance(one, Activity | Branches | Race)]
        one = draw(st.sampled_from(named))
        before, after = one.id, f"{one.id}r"
        ends = {Activity: ("", "_s", "_e", "_j"), Branches: ("s", "j"), Race: ("g", "t", "m", "j")}[type(one)]
        names = {f"{before}{end}": f"{after}{end}" for end in ends}
        if isinstance(one, Branches):
            names |= {f"{before}j_{at}": f"{after}j_{at}" for at in range(len(one.blocks))}
        if isinstance(one, Activity):
            one.variable = one.variable or f"v_{before}"
        one.id = after
        self.mapping = {old: names.get(new, new) for old, new in self.mapping.items()}
        known = set(self.mapping.values())
        self.mapping |= {old: new for old, new in names.items() if new not in known}

    def insert(self, draw: st.DrawFn) -> None:
        one = draw(st.sampled_from(self._sequences()))
        one.blocks.insert(draw(st.integers(0, len(one.blocks))), Activity(self._fresh(), "userTask"))

    def beside(self, draw: st.DrawFn) -> None:
        one = draw(st.sampled_from(self._sequences()))
        at = draw(st.integers(0, len(one.blocks) - 1))
        more: list[Block] = [one.blocks[at], Activity(self._fresh(), "userTask")]
        one.blocks[at] = Branches(self._fresh(), "parallelGateway", more)

    def remove(self, draw: st.DrawFn) -> None:
        several = [one for one in within(self.block) if isinstance(one, Sequence) and len(one.blocks) > 1]
        several += [one for one in within(self.block) if isinstance(one, Branches) and len(one.blocks) > 2]  # type: ignore[misc]  # both have blocks
        if several:
            one = draw(st.sampled_from(several))
            del one.blocks[draw(st.integers(0, len(one.blocks) - 1))]

    def retype(self, draw: st.DrawFn) -> None:
        one = draw(st.sampled_from(list(within(self.block))))
        if isinstance(one, Activity) and one.inside is None:
            one.kind = "serviceTask" if one.kind == "userTask" else "userTask"
        elif isinstance(one, Activity):
            one.loop = draw(st.sampled_from((None, "parallel", "sequential", "while")))
        elif isinstance(one, Branches):
            one.kind = draw(st.sampled_from(("exclusiveGateway", "parallelGateway", "inclusiveGateway")))

    def bound(self, draw: st.DrawFn) -> None:
        activities = [one for one in within(self.block) if isinstance(one, Activity)]
        if not activities:
            return
        one = draw(st.sampled_from(activities))
        kind = draw(st.sampled_from(("timer", "message")))
        interrupts = draw(st.booleans())
        handler: Block = Activity(self._fresh(), "userTask")
        if not interrupts:
            handler = Activity(self._fresh(), "subProcess", handler)
        one.bounds.append(Bound(f"b{self._fresh()}", kind, interrupts, handler))  # type: ignore[arg-type]  # drawn

    def unbound(self, draw: st.DrawFn) -> None:
        bounded = [one for one in within(self.block) if isinstance(one, Activity) and one.bounds]
        if bounded:
            del draw(st.sampled_from(bounded)).bounds[0]

    def _sequences(self) -> list[Sequence]:
        return [one for one in within(self.block) if isinstance(one, Sequence)]

    def _fresh(self) -> str:
        self._serial = getattr(self, "_serial", 0) + 1
        return f"n{self._serial}"


@st.composite
def edited(draw: st.DrawFn, block: Block, edits: tuple[Edit, ...] = EDITS) -> Edited:
    """Draw a later version of a block."""
    later = Edited(copy.deepcopy(block))
    for _ in range(draw(st.integers(1, 3))):
        getattr(later, draw(st.sampled_from(edits)))(draw)
    return later
