"""A world for tests that are no coroutines, such as Hypothesis's."""

import asyncio
from dataclasses import dataclass

from world import World


@dataclass
class Stage:
    """A world and the loop that it lives on."""

    runner: asyncio.Runner
    world: World
