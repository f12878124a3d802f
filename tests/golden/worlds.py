"""The worlds of transcripts: what is there before the first request, and the names that it gives."""

from collections.abc import Awaitable, Callable, Mapping

from golden import alloy_world, flokzu_world, navixy_world, questetra_world
from surfaces.conftest import Api

WORLDS: Mapping[str, Callable[[Api], Awaitable[Mapping[str, object]]]] = {
    "alloy": alloy_world.alloy,
    "alloy_with_password": alloy_world.alloy_with_password,
    "flokzu": flokzu_world.flokzu,
    "navixy": navixy_world.navixy,
    "questetra": questetra_world.questetra,
    "questetra_items": questetra_world.items,
    "questetra_order": questetra_world.order,
}
"""By the name that a transcript says after `given`."""
