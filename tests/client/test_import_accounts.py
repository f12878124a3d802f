"""What the command line says of an account elsewhere, and which credentials it takes."""

import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from satchel.cli.credentials import credentials
from satchel.cli.import_accounts import (
    ALLOY_WAYS,
    FLOKZU_WAYS,
    NAVIXY_WAYS,
    QUESTETRA_WAYS,
    AccountOptions,
    source_account,
)
from satchel.client.sources.flokzu import FlokzuSource
from satchel.client.sources.questetra import QuestetraSource
from satchel.model.errors import InvalidRequest

ADDRESS = "https://there.example/api"
EVERY = {
    name: f"{name} of the environment"
    for ways in (QUESTETRA_WAYS, ALLOY_WAYS, FLOKZU_WAYS, NAVIXY_WAYS)
    for way in ways
    for name in way
}


@pytest.fixture(autouse=True)
def nobody_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is at the keyboard, and the environment says nothing."""
    monkeypatch.setattr(sys, "stdin", StringIO())
    for name in EVERY:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"alloy": ADDRESS, "navixy": ADDRESS}, "one account at a time"),
        ({"alloy": ADDRESS}, "class of objects"),
        ({"alloy": ADDRESS, "their_app": "T", "numbers": "1-5"}, "--numbers goes with --flokzu"),
        ({"their_app": "T"}, "--their-app goes with --questetra or --alloy or --flokzu or --navixy"),
        ({"flokzu": ADDRESS}, "Flokzu lists no instances"),
        ({"flokzu": ADDRESS, "numbers": "1-5"}, "Flokzu lists no instances"),
        ({"flokzu": ADDRESS, "numbers": "1-5", "their_app": "EVA", "ids": Path("ids")}, "Flokzu lists no instances"),
        ({"flokzu": ADDRESS, "ids": Path("ids"), "their_app": "EVA"}, "leave --their-app out"),
        ({"flokzu": ADDRESS, "numbers": "5-1", "their_app": "EVA"}, "1-500"),
        ({"navixy": ADDRESS, "their_app": "Delivery"}, "--their-app takes numbers"),
        ({"questetra": ADDRESS, "their_app": "COL"}, "--their-app takes numbers"),
        ({"questetra": ADDRESS, "their_app": "1", "criteria": Path("c.xml")}, "leave --their-app out"),
        ({"alloy": ADDRESS, "their_app": "T", "where": ["Status"]}, "Status=Closed"),
    ],
)
def test_what_is_missing_or_for_another_account_is_said(
    given: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in EVERY.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidRequest, match=said):
        source_account(AccountOptions(**given))


def test_without_an_address_nothing_is_taken() -> None:
    assert source_account(AccountOptions()) is None


def test_the_first_way_that_is_given_whole_signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUESTETRA_EMAIL", "me@there.example")
    monkeypatch.setenv("QUESTETRA_TOKEN", "a token")
    by_token = source_account(AccountOptions(questetra=ADDRESS))
    monkeypatch.setenv("QUESTETRA_API_PASSWORD", "a password")
    by_password = source_account(AccountOptions(questetra=ADDRESS))
    assert by_token is not None
    assert by_password is not None
    assert (by_token.token, by_token.basic, by_token.is_numbered) == ("a token", None, True)
    assert (by_password.token, by_password.basic) == (None, ("me@there.example", "a password"))
    assert isinstance(by_password.source, QuestetraSource)


def test_a_file_of_credentials_counts_first_and_must_be_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOKZU_USERNAME", "somebody")
    file = tmp_path / "credentials"
    file.write_text('# ours\nFLOKZU_USERNAME = me\n export FLOKZU_API_KEY="k=1"\n')
    file.chmod(0o640)
    wanted = AccountOptions(flokzu=f"{ADDRESS}/v2", their_app="EVA", numbers="1-2", credentials=file)
    with pytest.raises(InvalidRequest, match="chmod 600"):
        source_account(wanted)
    file.chmod(0o600)
    assert credentials(FLOKZU_WAYS, file) == {"FLOKZU_USERNAME": "me", "FLOKZU_API_KEY": "k=1"}
    found = source_account(wanted)
    assert found is not None
    assert isinstance(found.source, FlokzuSource)
    assert found.source.address == ADDRESS
    file.write_text("FLOKZU_API_KEY\n")
    with pytest.raises(InvalidRequest, match="Line 1"):
        credentials(FLOKZU_WAYS, file)
    with pytest.raises(InvalidRequest, match="cannot be read"):
        credentials(FLOKZU_WAYS, tmp_path / "nowhere")


def test_where_nothing_is_given_and_nobody_types_the_variables_are_named() -> None:
    with pytest.raises(InvalidRequest, match="NAVIXY_API_KEY or NAVIXY_LOGIN and NAVIXY_PASSWORD"):
        credentials(NAVIXY_WAYS, None)
