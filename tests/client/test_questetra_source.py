"""The same criteria give the same tree, whether Satchel is asked natively or by Questetra's API."""

from pathlib import Path

import pytest

from client.conftest import ADDRESS, Network, answering, cut_after
from client.exports import export, verified
from client.starting import Start
from satchel.client import searches
from satchel.client.api import AsyncClient
from satchel.client.refusals import Refused
from satchel.client.sources import questetra as module
from satchel.client.sources.native import NativeSource
from satchel.client.sources.questetra import QuestetraSource
from satchel.model.errors import InvalidRequest

QUESTETRA = f"{ADDRESS}/questetra"

XML = """<?xml version="1.0" encoding="UTF-8" ?>
<process-instance-criteria>
  <process-model-info-id>{app}</process-model-info-id>
  <states><state>STARTED</state></states>
  <title>report</title>
  <start-date-from>#today.addDays(-1)</start-date-from>
  <data>
    <string><data-definition-number>1</data-definition-number><value></value><view></view></string>
    <file><data-definition-number>2</data-definition-number><value></value><view></view></file>
  </data>
</process-instance-criteria>
"""


async def _fill(start: Start) -> None:
    await start("Report one", {"a.txt": b"1", "b.txt": b"2"})
    await start("Other", {"c.txt": b"3"})
    await start("Report without files")
    await start("Report two", {"d.txt": b"4"})


async def _both(client: AsyncClient, criteria: str, tmp_path: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    meaning = await client.read_criteria(criteria)
    native = NativeSource(ADDRESS, meaning.query, fields=meaning.fields or None, attachments=not meaning.fields)
    await export(client, tmp_path / "native", source=native)
    client.driver.account.url = QUESTETRA
    await export(client, tmp_path / "theirs", source=QuestetraSource(QUESTETRA, criteria))
    client.driver.account.url = ADDRESS
    return verified(tmp_path / "native"), verified(tmp_path / "theirs")


@pytest.mark.parametrize("form", ["xml", "json", "json without items", "options"])
async def test_one_search_gives_one_tree_by_both_apis(
    form: str, client: AsyncClient, start: Start, tmp_path: Path
) -> None:
    await _fill(start)
    app = (await client.app("COL")).id
    options = {"app": str(app), "states": ["running"], "title": "report", "started_from": "#today.addDays(-1)"}
    criteria = {
        "xml": XML.format(app=app),
        "json": f'{{"processModelInfoId": {app}, "processInstanceTitle": ["report"], '
        '"fields": [{"type": "file", "number": 2}]}',
        "json without items": f'{{"processModelInfoId": {app}, "processInstanceTitle": ["report"]}}',
        "options": searches.criteria_of(options),
    }[form]
    assert searches.is_questetra(criteria)
    native, theirs = await _both(client, criteria, tmp_path)
    assert native == theirs
    assert sorted(native.values()) == [b"1", b"2", b"4"]


async def test_many_pages_pass_over_nothing_though_the_list_shifts(
    client: AsyncClient, network: Network, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    started = [await start(f"Report {number}", {"a.txt": b"%d" % number}) for number in range(8)]
    app = (await client.app("COL")).id
    shifted = []

    async def delete() -> None:  # the newest, which the first page had: all others move up
        await client.cancel(started[-1])
        call = await client.driver.http.delete(
            f"{ADDRESS}/api/v1/instances/{started[-1]}", headers=network.asked[-1].headers
        )
        shifted.append(call.status_code)

    network.first = delete
    client.driver.account.url = QUESTETRA
    report = await export(client, tmp_path / "out", source=QuestetraSource(QUESTETRA, XML.format(app=app)), parallel=1)
    assert {b"%d" % number for number in range(7)} <= set(verified(tmp_path / "out").values())
    assert report.instances in (7, 8)


async def test_a_download_that_breaks_or_is_refused_is_handled_as_ever(
    client: AsyncClient, network: Network, start: Start, tmp_path: Path
) -> None:
    await _fill(start)
    app = (await client.app("COL")).id
    client.driver.account.url = QUESTETRA
    network.fail("POST", "/download", cut_after(0))
    network.fail("POST", "/download", answering(400))
    source = QuestetraSource(QUESTETRA, XML.format(app=app))
    report = await export(client, tmp_path / "out", source=source, parallel=1)
    assert (report.fetched, report.failed) == (2, 1)
    again = await export(client, tmp_path / "out", source=source, parallel=1, resume=True)
    assert (again.fetched, again.kept, again.failed) == (1, 2, 0)
    assert sorted(verified(tmp_path / "out").values()) == [b"1", b"2", b"4"]


@pytest.mark.parametrize(
    "criteria",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><process-instance-criteria>&x;</process-instance-criteria>',
        "<process-instance-criteria>",
        "<other/>",
        '{"processInstanceState": ["LOST"]}',
        '{"processModelInfoId": 999999}',
    ],
)
async def test_criteria_that_are_malformed_or_hostile_are_refused_before_anything_is_written(
    criteria: str, client: AsyncClient, tmp_path: Path
) -> None:
    with pytest.raises(Refused):
        await client.read_criteria(criteria)
    client.driver.account.url = QUESTETRA
    with pytest.raises((Refused, InvalidRequest)):
        await export(client, tmp_path / "out", source=QuestetraSource(QUESTETRA, criteria))
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] in ([], ["journal.jsonl"])
