"""What probes and Prometheus are told, read by Prometheus's own parser."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from faulty_disk import Faults, FaultyDisk
from house.tree import ROOT
from satchel import __version__
from satchel.blobs.local import LocalBlobs
from satchel.model.metrics import Metrics, as_text, merged, packed, unpacked
from satchel.queue.enqueue import DELIVER_WEBHOOK, MAKE_PREVIEW
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from surfaces.conftest import Api
from world import TEXT

Families = Mapping[str, Metric]


async def families(client: httpx.AsyncClient) -> Families:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(found: Families, family: str, ending: str = "", **labels: str) -> float:
    """Return the value of one sample."""
    samples = [one for one in found[family].samples if one.name == f"{family}{ending}"]
    (sample,) = (one for one in samples if labels.items() <= one.labels.items())
    return float(sample.value)


async def test_requests_are_counted_by_route_in_buckets_that_no_client_can_multiply(api: Api) -> None:
    admin = await api.client("admin")
    for app in ("A", "B", "C"):
        await admin.get(f"/api/v1/apps/{app}")
    await admin.request("BREW", "/pot/1")
    await admin.request("STIR", "/pot/2")

    found = await families(admin)

    name, route = "satchel_request_duration_seconds", {"method": "GET", "route": "/api/v1/apps/{app}", "status": "4xx"}
    buckets = [one for one in found[name].samples if route.items() <= one.labels.items() and "le" in one.labels]
    bounds, counts = [float(one.labels["le"]) for one in buckets], [one.value for one in buckets]
    assert (bounds, counts) == (sorted(bounds), sorted(counts))
    assert (bounds[-1], counts[-1], value(found, name, "_count", **route)) == (float("inf"), 3, 3)
    assert value(found, name, "_count", method="other", route="/*") == 2
    assert value(found, "satchel_build_info", version=__version__) == 1
    assert value(found, "process_resident_memory_bytes") > 2**20
    assert value(found, "satchel_database_up") == 1


def test_the_counts_of_several_processes_are_added() -> None:
    first, second = Metrics("1"), Metrics("1")
    for one, status, seconds in ((first, 200, 0.003), (second, 200, 0.3), (second, 500, 70.0)):
        one.count_request("GET", "/a", status, seconds, received=1, sent=10)
    second.count_job(MAKE_PREVIEW, 1.0, is_done=False)

    whole = merged([packed(first.families()), merged([packed(second.families())])])

    text = as_text(unpacked(whole))
    found = {family.name: family for family in text_string_to_metric_families(text)}
    name, ok = "satchel_request_duration_seconds", {"method": "GET", "route": "/a", "status": "2xx"}
    assert [value(found, name, "_bucket", le=bound, **ok) for bound in ("0.005", "0.25", "0.5")] == [1, 1, 2]
    assert value(found, name, "_bucket", status="5xx", le="60.0") == 0
    assert value(found, name, "_sum", **ok) == pytest.approx(0.303)
    assert value(found, "satchel_requests", "_total", status="5xx") == 1
    assert value(found, "satchel_sent_bytes", "_total") == 30
    assert value(found, "satchel_job_duration_seconds", "_count", outcome="failed") == 1


async def test_the_queue_and_what_is_due_tell_how_long_the_oldest_waits(api: Api) -> None:
    context = api.world.context
    async with context.database.write() as tx:
        await context.queue.enqueue(tx, MAKE_PREVIEW, {"account": 1, "digest": "0"}, {"account": 1, "digest": "1"})
        await context.queue.enqueue(tx, DELIVER_WEBHOOK, {"account": 1})
    async with context.database.write() as tx:
        await tx.execute("UPDATE procrastinate_events SET at = at - interval '90 s'")
        await tx.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 h' WHERE task_name = %s",
            (DELIVER_WEBHOOK,),
        )

    found = await families(await api.client("admin"))

    assert value(found, "satchel_queue_jobs", name=MAKE_PREVIEW, state="todo") == 2
    assert value(found, "satchel_queue_jobs", name=MAKE_PREVIEW, state="failed") == 0
    assert value(found, "satchel_queue_oldest_seconds", name=MAKE_PREVIEW) == pytest.approx(90, abs=60)
    assert value(found, "satchel_queue_oldest_seconds", name=MAKE_PREVIEW) >= 90
    assert value(found, "satchel_queue_oldest_seconds", name=DELIVER_WEBHOOK) == 0  # it is to wait
    assert value(found, "satchel_overdue_seconds", kind="timer") == 0


async def test_deliveries_that_were_given_up_are_counted(api: Api) -> None:
    code = await api.world.deploy_example("purchase-request")
    async with api.world.context.database.write() as tx:
        await tx.execute(
            "WITH hook AS (INSERT INTO webhooks (account_id, app_id, url, events, format, user_id, sealed, created_at,"
            " changed_at, failing_since) SELECT account_id, id, 'https://a.example', '{end}', 'native',"
            " (SELECT min(u.id) FROM users u WHERE u.account_id = a.account_id), '', now(), now(), now()"
            " FROM apps a WHERE code = %s RETURNING account_id, id)"
            " INSERT INTO webhook_deliveries (account_id, uuid, webhook_id, happening, at, snapshot, state,"
            " counted_since, due_at, ended_at) SELECT account_id, gen_random_uuid(), id, 'end', now(), '{}', state,"
            " now(), due_at, ended_at FROM hook, (VALUES ('failed', NULL, now()), ('failed', NULL, now()),"
            " ('delivered', NULL, now()), ('waiting', %s - interval '5 min', NULL)) AS made (state, due_at, ended_at)",
            (code, api.world.clock()),
        )

    found = await families(await api.client("admin"))

    assert value(found, "satchel_failed_deliveries") == 2
    assert value(found, "satchel_waiting_deliveries") == 1
    assert value(found, "satchel_failing_webhooks") == 1
    assert value(found, "satchel_overdue_seconds", kind="delivery") == 300


async def test_the_page_about_monitoring_names_everything_that_is_told(api: Api) -> None:
    answer = await (await api.client("admin")).get("/metrics")

    told = {(name, kind) for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", answer.text, re.MULTILINE)}
    page = (ROOT / "docs" / "howto" / "monitoring.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)(?:\{\S+\})?` \| (\w+) \|", page, re.MULTILINE)) == told
    assert len(re.findall(r"^# HELP \S+ \S.*$", answer.text, re.MULTILINE)) == len(told)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def on_a_disk(api: Api, faults: Faults, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the same world, whose store is on a disk that may fill up."""
    blobs = LocalBlobs(tmp_path / "disk", clock=api.world.clock, disk=FaultyDisk(faults))
    blobs.prepare()
    app = create_app(replace(api.world.context, blobs=blobs), read_settings({}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8080") as client:
        yield client


async def test_a_server_with_a_full_disk_is_not_ready_and_says_why(
    on_a_disk: httpx.AsyncClient, faults: Faults
) -> None:
    faults.room_bytes = len(TEXT)
    full = await on_a_disk.get("/readyz")
    told = await families(on_a_disk)
    alive = await on_a_disk.get("/healthz")
    faults.room_bytes = 2**30
    again = await on_a_disk.get("/readyz")

    assert (full.status_code, full.json()["code"]) == (507, "disk_full")
    assert value(told, "satchel_free_bytes") == len(TEXT)
    assert (alive.status_code, again.status_code) == (200, 200)
