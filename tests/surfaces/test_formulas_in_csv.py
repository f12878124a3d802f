"""Texts in CSV are no formulas in a spreadsheet, and can be read back; numbers stay numbers."""

import json
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from golden.questetra_world import passwords
from satchel.actions.identity import accounts
from satchel.model.actor import Right
from satchel.model.transfer.spreadsheet import safe_cell
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from surfaces.conftest import Api
from surfaces.exporting import begin, fetch, lines, make, sheet
from world import TEXT, bundle, fields

TEXTS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", "'quoted", "''twice"]
NUMBERS = ["-12.50", "+4", "60.00"]
PLAIN = ["a=b", "1-2", "", "x'"]


@pytest.mark.parametrize("text", [*TEXTS, *NUMBERS, *PLAIN])
def test_a_cell_is_read_back_as_the_text_that_it_was(text: str) -> None:
    assert safe_cell(text).removeprefix("'") == text
    assert (safe_cell(text) == text) == (text in (*NUMBERS, *PLAIN))


@pytest.fixture
async def formulas(api: Api) -> Api:
    """An instance with texts that spreadsheets would run, and a file of such a name."""
    world = api.world
    declared = fields(
        {"id": "subject", "type": "text"},
        {"id": "amount", "type": "decimal", "digits": 2},
        {"id": "count", "type": "integer"},
        {"id": "doc", "type": "file"},
    )
    form = dict.fromkeys(("subject", "amount", "count", "doc"), "edit")
    await world.deploy(bundle({"code": "CSV", "title": "{{ subject }}", "fields": declared, "start": {"fields": form}}))
    clerk = await world.actor("clerk")
    doc = await world.upload(clerk, TEXT, name="=HYPERLINK(1).txt", app="CSV", field="doc")
    await world.start(clerk, "CSV", subject="=1+1", amount="-12.5", count=-3, doc=[doc])
    await accounts.grant(world.context, world.admin, world.groups["clerks"], Right.EXPORT, app=None)
    return api


async def test_the_tables_of_an_export_have_no_formulas_and_keep_numbers(formulas: Api) -> None:
    clerk = await formulas.client("clerk")
    number = await begin(clerk, query={"app": "CSV"})
    await make(formulas, number)
    archive = await fetch(clerk, number)
    (values,), (file,) = sheet(archive, "values.csv"), sheet(archive, "manifest.csv")
    assert (values["subject"], values["title"], values["amount"], values["count"]) == ("'=1+1", "'=1+1", "-12.50", "-3")
    assert file["name"] == "'=HYPERLINK(1).txt"
    assert lines(archive)[0]["name"] == "=HYPERLINK(1).txt"


@pytest.mark.parametrize(("setting", "shown"), [("plain", '"=1+1"'), ("safe", '"\'=1+1"')])
@pytest.mark.parametrize("kind", ["Csv", "CsvUtf16"])
async def test_questetra_s_lists_keep_their_form_unless_the_setting_says_otherwise(
    formulas: Api, setting: str, shown: str, kind: str
) -> None:
    settings = read_settings({"SATCHEL_QUESTETRA_CSV": setting})
    policy = replace(formulas.world.context.policy, questetra_safe_csv=settings.policy().questetra_safe_csv)
    app = create_app(replace(formulas.world.context, policy=policy), settings)
    known = await passwords(formulas.world, "clerk")
    async with AsyncExitStack() as stack:
        client = await Api(formulas.world, app, stack).client("anonymous")
        answer = await client.post(
            f"/questetra/API/OR/ProcessInstance/list{kind}",
            headers={"Authorization": f"Basic {known['basic_clerk']}"},
            data={"criteria": json.dumps({"fields": []})},
        )
    text = answer.content.decode("utf-16" if kind == "CsvUtf16" else "utf-8")
    assert shown in text.splitlines()[1]
