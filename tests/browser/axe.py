"""Looks for faults of accessibility with axe-core, in a page as it is at that moment."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

_SOURCE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@cache
def _source() -> str:
    return _SOURCE.read_text(encoding="utf-8")


async def axe(page: Page, *, without: tuple[str, ...] = ()) -> None:
    """Fail on any fault that axe-core finds.

    Args:
        page: to look at.
        without: ids of rules that do not apply, each with its reason beside the call.
    """
    if not await page.evaluate("() => 'axe' in window"):
        session = await page.context.new_cdp_session(page)
        # By the protocol: a script element would be refused by the Content-Security-Policy, which stays in force.
        await session.send("Runtime.evaluate", {"expression": _source()})
        await session.detach()
    off = {rule: {"enabled": False} for rule in without}
    found: dict[str, Any] = await page.evaluate("rules => axe.run(document, {rules, resultTypes: ['violations']})", off)
    faults = [_said(one) for one in found["violations"]]
    assert not faults, "\n".join([f"axe-core finds faults at {page.url}:", *faults])


def _said(violation: dict[str, Any]) -> str:
    places = ", ".join(" ".join(map(str, node["target"])) for node in violation["nodes"][:5])
    return f"{violation['id']} ({violation['impact']}): {violation['help']} at {places}"
