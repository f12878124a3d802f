"""Benchmarks of searches over many instances: the first page of each filter and sort, natively and of Questetra's."""

import argparse
import asyncio
import time
from statistics import quantiles
from urllib.parse import urlencode

import httpx
from fill import connected, fill_files, fill_instances
from server import BenchServer

ROUNDS = 30
FILES = 100_000

QUERIES = {
    "newest": "app=PUR",
    "newest of all apps": "",
    "oldest": "app=PUR&sort=started_at",
    "state running": "app=PUR&state=running",
    "state failed (none)": "app=PUR&state=failed",
    "two states": "app=PUR&state=running&state=failed",
    "state of all apps": "state=running",
    "started within a day": "app=PUR&started_from=2025-03-05&started_to=2025-03-05",
    "started, all apps": "started_from=2025-01-05&started_to=2025-01-06",
    "started before": "app=PUR&started_to=2024-03-01",
    "ended within a day": "app=PUR&ended_from=2025-06-01&ended_to=2025-06-01",
    "ended, all apps": "ended_from=2025-06-01&ended_to=2025-06-02",
    "ended before": "app=PUR&ended_to=2024-02-01",
    "starter": "app=PUR&starter=1",
    "starter, all apps": "starter=1",
    "starter without any": "starter=99999",
    "title, common": "app=PUR&title=cabinet",
    "title, rare": "app=PUR&title=phone+199999",
    "title, none": "app=PUR&title=zeppelin",
    "title, all apps": "title=printer",
    "title, two letters": "app=PUR&title=ph",
    "title, sorted": "app=PUR&title=cabinet&sort=title",
    "title and state": "app=PUR&title=cabinet&state=running",
    "field equals": "app=PUR&field.supplier=Kontor",
    "field equals, none": "app=PUR&field.supplier=Nobody",
    "field range": "app=PUR&field.amount.from=500&field.amount.to=510",
    "field contains": "app=PUR&field.item.contains=print",
    "field contains, rare": "app=PUR&field.item.contains=phone+199999",
    "equals and range": "app=PUR&field.supplier=Kontor&field.amount.from=500&field.amount.to=510",
    "equals and state": "app=PUR&field.supplier=Kontor&state=running",
    "equals and started": "app=PUR&field.supplier=Kontor&started_from=2025-03-01&started_to=2025-03-31",
    "by title": "app=PUR&sort=title",
    "by title, down": "app=PUR&sort=-title",
    "by title, all apps": "sort=title",
    "by number": "app=PUR&sort=number",
    "by number, down": "app=PUR&sort=-number",
    "by number, all apps": "sort=number",
    "by end": "app=PUR&sort=ended_at",
    "by end, down": "app=PUR&sort=-ended_at",
    "by end, all apps": "sort=-ended_at",
    "by state": "app=PUR&sort=state",
    "by state, down": "app=PUR&sort=-state",
    "by state, all apps": "sort=state",
    "by a number field": "app=PUR&sort=field:amount",
    "by a number field, down": "app=PUR&sort=-field:amount",
    "by a text field": "app=PUR&sort=field:supplier",
    "equals, by another": "app=PUR&field.supplier=Kontor&sort=field:amount",
    "state, by title": "app=PUR&state=running&sort=title",
    "state, by number": "app=PUR&state=running&sort=-number",
    "with files": "app=PUR&sort=number&include=files",
    "with its count": "app=PUR&state=running&count=true",
}
"""By what they ask."""

CRITERIA = {
    "Questetra: newest": "<process-instance-criteria/>",
    "Questetra: title": "<process-instance-criteria><title>cabinet</title></process-instance-criteria>",
    "Questetra: started": "<process-instance-criteria><start-date-from>2025-03-05</start-date-from>"
    "<start-date-to>2025-03-06</start-date-to></process-instance-criteria>",
}
"""Those promise exact counts, so that the aim of the native search is not theirs."""


async def many_instances(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Measure the first page of each query."""
    async with connected(server) as connection:
        await fill_instances(connection, options.instances)
        await fill_files(connection, server, min(FILES, options.instances), with_bytes=False)
    async with server.client() as client:
        return await measured(client, options.instances)


async def measured(client: httpx.AsyncClient, count: int) -> list[str]:
    """Return a line for each query."""
    lines = []
    for name, query in QUERIES.items():
        figure, items = await _timed(client, "GET", f"/api/v1/instances?{query}&limit=50", "items")
        lines.append(f"{name:<24} {count} instances, {items} on the page: {figure} (aim 20 ms)")
    for name, criteria in CRITERIA.items():
        asked = urlencode({"criteria": criteria, "start": 0, "limit": 50})
        path = f"/questetra/API/OR/ProcessInstance/list?{asked}"
        figure, items = await _timed(client, "GET", path, "processInstances")
        lines.append(f"{name:<24} {count} instances, {items} on the page: {figure}")
    begun = time.perf_counter()
    pages = 100

    async def page() -> None:
        for _ in range(pages // 4):
            (await client.get("/api/v1/instances?app=PUR&limit=100")).raise_for_status()

    await asyncio.gather(*(page() for _ in range(4)))
    lines.append(f"list of 100 instances: {pages / (time.perf_counter() - begun):.0f}/s (aim 1,000/s)")
    return lines


async def _timed(client: httpx.AsyncClient, method: str, path: str, member: str) -> tuple[str, int]:
    times: list[float] = []
    found = 0
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        answer = await client.request(method, path)
        times.append((time.perf_counter() - begun) * 1000)
        answer.raise_for_status()
        found = len(answer.json()[member])
    cuts = quantiles(times, n=20)
    return f"p50 {cuts[9]:.1f} ms, p95 {cuts[18]:.1f} ms", found
