"""The contracts of import-linter name every package, so that nothing new escapes them."""

import tomllib
from typing import Any

from house.tree import ROOT, SOURCE


def _contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return contracts


def _placed(container: str) -> set[str]:
    (contract,) = (c for c in _contracts() if c["type"] == "layers" and container in c["containers"])
    assert contract["exhaustive"] is True
    return {part.strip(" ()") for layer in contract["layers"] for part in layer.replace(":", "|").split("|")}


def _there(folder: str) -> set[str]:
    inside = (SOURCE / folder).iterdir()
    return {path.stem for path in inside if path.suffix == ".py" or (path / "__init__.py").exists()} - {"__init__"}


def test_every_package_has_its_layer() -> None:
    assert _there(".") - _placed("satchel") == set()


def test_every_surface_has_its_layer() -> None:
    assert _there("surfaces") - _placed("satchel.surfaces") == set()


def test_every_surface_has_the_same_modules() -> None:
    shape = {"routes", "auth", "errors", "inputs", "outputs", "values"}
    surfaces = _there("surfaces") - {"app", "http", "kit", "probes", "ui"}  # these have no API
    missing = {name: shape - _there(f"surfaces/{name}") for name in surfaces}
    assert missing == {name: {"values"} if name == "native" else set() for name in surfaces}  # values are as they are
    assert all((SOURCE / "surfaces" / name / "README.md").exists() for name in surfaces)


def test_the_layer_order_is_the_one_that_was_decided() -> None:
    (contract,) = (c for c in _contracts() if c["type"] == "layers" and c["containers"] == ["satchel"])
    order = [layer.split(" | ")[0] for layer in contract["layers"]]
    for above, below in (
        ("cli", "main"),
        ("main", "settings"),
        ("settings", "actions"),
        ("actions", "queue"),
        ("db", "model"),
    ):
        assert order.index(above) < order.index(below), f"{above} stands above {below}"


def test_each_thing_that_has_one_place_has_a_contract() -> None:
    forbidden = {
        name for contract in _contracts() if contract["type"] == "forbidden" for name in contract["forbidden_modules"]
    }
    assert {"psycopg", "zen", "litestar"} <= forbidden
