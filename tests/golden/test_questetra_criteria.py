"""Criteria that no client should send get Questetra's own error; an encoding that XML declares changes nothing."""

import pytest

from golden.worlds import WORLDS
from surfaces.conftest import Api

LIST = "/questetra/API/OR/ProcessInstance/list"
ROOT = "<process-instance-criteria>{}</process-instance-criteria>"
# What a DOCTYPE looks like in UTF-7, which a search for its characters does not find.
HIDDEN = "+ADwAIQ-DOCTYPE a +AFsAPAAh-ENTITY b +ACI-c+ACIAPgBdAD4-"


@pytest.mark.parametrize(
    "criteria",
    [
        '{"fields": [{"type": [], "number": 1}]}',
        '{"fields": [{"type": {}, "number": 1}]}',
        '{"fields": [5]}',
        '{"processInstanceTitle": ["\\u0000"]}',
        '{"processInstanceTitle": ["\\ud800"]}',
        '{"processModelInfoId": {}}',
        '{"processInstanceStartDateFrom": {}}',
        '{"a": ' + "[" * 5_000 + "]" * 5_000 + "}",
        '<!DOCTYPE a [<!ENTITY b "c">]>' + ROOT.format("<title>&b;</title>"),
        f'<?xml version="1.0" encoding="UTF-7"?>{HIDDEN}' + ROOT.format("<title>&b;</title>"),
        ROOT.format("<a>" * 5_000 + "</a>" * 5_000),
        ROOT.format("<title>"),
        "<another-root/>",
    ],
)
async def test_criteria_that_cannot_be_used_are_refused_in_questetra_s_own_words(api: Api, criteria: str) -> None:
    known = await WORLDS["questetra"](api)
    client = await api.client("anonymous")
    headers = {"Authorization": f"Basic {known['basic_clerk']}"}

    answer = await client.post(LIST, headers=headers, data={"criteria": criteria})

    assert answer.status_code == 400, answer.text
    (error,) = answer.json()["errors"]
    assert set(error) == {"errorCode", "input", "type"}


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "UTF-16"])
async def test_the_encoding_that_xml_declares_does_not_change_what_it_says(api: Api, encoding: str) -> None:
    known = await WORLDS["questetra"](api)
    client = await api.client("anonymous")
    headers = {"Authorization": f"Basic {known['basic_clerk']}"}
    counts = []
    for title in ("", "<title>\u00e9\u00e9 not there</title>"):
        xml = f'<?xml version="1.0" encoding="{encoding}"?>' + ROOT.format(title)
        answer = await client.post(LIST, headers=headers, data={"criteria": xml})
        assert answer.status_code == 200, answer.text
        counts.append(answer.json()["count"])

    assert counts[0] > 0
    assert counts[1] == 0
