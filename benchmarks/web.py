"""Benchmarks of the web application in Chromium: what a person waits for, with a slow network and a slow processor.

The network is Chromium's own emulation of 150 ms round trip and 1.6 Mbit/s, the processor its slowing by 4. Times of
paint end with the second frame after the change is in the page, when the first is on the screen.
"""

import argparse
import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import httpx
from playwright.async_api import Browser, CDPSession, Page, async_playwright
from server import BenchServer

TASKS = 100
ROUNDS = 5
PATIENCE_MS = 20_000
LARGE_BYTES = 300 * 1024 * 1024
SLOW_NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 200_000}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--disable-gpu", "--disable-background-networking", "--no-first-run")

PAINTED = """selector => new Promise(done => {
  const look = () => document.querySelector(selector) === null
    ? requestAnimationFrame(look)
    : requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
  look();
})"""

OBSERVE = """
window.shift = 0; window.slowest = 0;
new PerformanceObserver(list => { for (const one of list.getEntries()) if (!one.hadRecentInput) shift += one.value; })
  .observe({type: "layout-shift", buffered: true});
new PerformanceObserver(list => { for (const one of list.getEntries()) slowest = Math.max(slowest, one.duration); })
  .observe({type: "event", durationThreshold: 16, buffered: true});
"""

ROWS = """() => {
  const [read] = performance.getEntriesByType("resource").filter(one => one.name.includes("/api/v1/tasks?")).slice(-1);
  return read.responseEnd;
}"""


async def in_the_browser(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Open, scroll, fill in and upload as a person does."""
    del options
    found = next((path for name in CHROMIUM if (path := shutil.which(name)) is not None), None)
    if found is None:
        return ["not measured: there is no Chromium on this machine"]
    async with server.client() as client:
        await _fill(client)
    async with async_playwright() as playwright:
        sandbox = ("--no-sandbox",) if os.getuid() == 0 else ()
        browser = await playwright.chromium.launch(executable_path=found, args=[*QUIET, *sandbox])
        try:
            return [
                *await _visits(browser, server),
                *await _approvals(browser, server),
                *await _slow_processor(browser, server),
                *await _upload(browser, server),
            ]
        finally:
            await browser.close()


async def _fill(client: httpx.AsyncClient) -> None:
    """Start evaluations that are offered to the buyer."""
    for number in range(TASKS):
        given = {"app": "EVA", "field": "description", "name": "offer.pdf", "size": 9}
        ticket = (await client.post("/api/v1/uploads", json=given)).raise_for_status().json()
        (await client.put(ticket["put_url"], content=b"%PDF-1.4\n")).raise_for_status()
        values = {"product": f"Desk {number}", "supplier": "Nordholz", "description": [ticket["id"]]}
        (await client.post("/api/v1/apps/EVA/instances", json={"values": values})).raise_for_status()


@asynccontextmanager
async def _signed_in(browser: Browser, server: BenchServer) -> AsyncIterator[tuple[Page, CDPSession]]:
    """Open a page of a new context that has the buyer's session and nothing in its cache."""
    login = server.login("buyer")
    context = await browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
    await context.add_init_script(OBSERVE)
    answer = await context.request.post(
        "/api/v1/session", data={"email": login["email"], "password": login["password"]}
    )
    assert answer.ok, await answer.text()
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page, await context.new_cdp_session(page)
    await context.close()


async def _opened(page: Page, path: str, selector: str) -> float:
    """Return the milliseconds from asking for an address to the paint of what is waited for."""
    await page.goto(path, wait_until="commit")
    painted: float = await page.evaluate(PAINTED, selector)
    return painted


async def _visits(browser: Browser, server: BenchServer) -> list[str]:
    """Open the work list for the first time and again."""
    first: list[float] = []
    again: list[float] = []
    shifts: list[float] = []
    received = 0
    for _ in range(ROUNDS):
        async with _signed_in(browser, server) as (page, protocol):
            sizes: list[int] = []
            protocol.on("Network.loadingFinished", lambda one, sizes=sizes: sizes.append(int(one["encodedDataLength"])))
            await protocol.send("Network.enable")
            await protocol.send("Network.emulateNetworkConditions", SLOW_NETWORK)
            first.append(await _opened(page, "/work?tab=offered", "tr.row"))
            await page.wait_for_load_state("networkidle")
            received = sum(sizes)
            shifts.append(await page.evaluate("shift"))
            again.append(await _opened(page, "/work?tab=offered", "tr.row"))
    return [
        f"work list, first visit: {median(first):.0f} ms to its rows, {received / 1000:.0f} kB in all (aim 2,000 ms)",
        f"work list, later: {median(again):.0f} ms (aim 1,000 ms)",
        f"layout shift of the work list: {max(shifts):.3f} (aim 0.02)",
    ]


async def _approvals(browser: Browser, server: BenchServer) -> list[str]:
    """Approve tasks; the page says what comes next."""
    approved: list[float] = []
    async with _signed_in(browser, server) as (page, protocol):
        await protocol.send("Network.enable")
        for _ in range(ROUNDS):
            await _opened(page, "/work?tab=offered", "tr.row")
            await page.locator("tr.row a.what").nth(0).click()
            await page.locator("form").get_by_role("button", name="Claim").click()
            await page.get_by_label("Amount").wait_for()
            await protocol.send("Network.emulateNetworkConditions", SLOW_NETWORK)
            begun = time.perf_counter()
            await page.get_by_role("button", name="Approve").click(no_wait_after=True)
            await page.locator(".done a.button:focus").wait_for()
            approved.append((time.perf_counter() - begun) * 1000)
            await protocol.send(
                "Network.emulateNetworkConditions",
                {**SLOW_NETWORK, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
            )
    return [
        f"from Approve to what comes next: {median(approved):.0f} ms (aim 300 ms)",
    ]


async def _slow_processor(browser: Browser, server: BenchServer) -> list[str]:
    """Show many rows and type, with the processor slowed by 4."""
    async with _signed_in(browser, server) as (page, protocol):
        await protocol.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        painted = await _opened(page, "/work?tab=offered", "tr.row:nth-child(40)")
        data: float = await page.evaluate(ROWS)
        for _ in range(20):
            await page.keyboard.press("j")
        await page.get_by_label("Filter these tasks").press_sequentially("desk 1", delay=80)
        await page.wait_for_timeout(500)
        list_slowest: float = await page.evaluate("slowest")
        await page.goto("/start/EVA")
        await page.get_by_label("Product").press_sequentially("Standing desk", delay=80)
        await page.get_by_role("button", name="Add a line").click()
        await page.keyboard.type("Desk, oak", delay=80)
        await page.wait_for_timeout(300)
        form_slowest: float = await page.evaluate("slowest")
    return [
        f"50 rows from data to paint, processor slowed by 4: {painted - data:.0f} ms (aim 100 ms for 100)",
        f"slowest interaction so slowed: work list {list_slowest:.0f} ms, form {form_slowest:.0f} ms (aim 100 ms)",
    ]


async def _upload(browser: Browser, server: BenchServer) -> list[str]:
    """Send a large file from a form, and with curl, in turns."""
    path = server.folder / "large.bin"
    with path.open("wb") as file:
        for _ in range(LARGE_BYTES // (1024 * 1024)):
            file.write(os.urandom(1024 * 1024))
    browsers: list[float] = []
    curls: list[float] = []
    for _ in range(2):
        curls.append(await _by_curl(server, path))
        browsers.append(await _by_page(browser, server, path))
    path.unlink()
    share = max(browsers) / max(curls)
    return [f"300 MiB from a form: {max(browsers):.0f} MB/s, with curl {max(curls):.0f} MB/s: {share:.0%} (aim 80 %)"]


async def _by_curl(server: BenchServer, path: Path) -> float:
    async with server.client() as client:
        given = {"app": "COL", "field": "files", "name": "large.bin", "size": LARGE_BYTES}
        ticket = (await client.post("/api/v1/uploads", json=given)).raise_for_status().json()
        begun = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            "curl", "-sSf", "-o", "/dev/null", "-T", str(path), str(ticket["put_url"])
        )
        assert await process.wait() == 0
        rate = LARGE_BYTES / (time.perf_counter() - begun) / 1e6
        await client.delete(f"/api/v1/uploads/{ticket['id']}")
    return rate


async def _by_page(browser: Browser, server: BenchServer, path: Path) -> float:
    login = server.login("technician")
    context = await browser.new_context(base_url=server.url)
    await context.request.post("/api/v1/session", data={"email": login["email"], "password": login["password"]})
    page = await context.new_page()
    await page.goto("/start/COL")
    await page.locator("input[type=file]").first.wait_for(state="attached")
    begun = time.perf_counter()
    await page.locator("input[type=file]").first.set_input_files(path)
    await page.get_by_text("Uploaded", exact=True).first.wait_for(timeout=120_000)
    rate = LARGE_BYTES / (time.perf_counter() - begun) / 1e6
    await page.get_by_role("button", name="Remove large.bin").click()
    await page.get_by_text("Uploaded", exact=True).wait_for(state="detached")
    await context.close()
    return rate
