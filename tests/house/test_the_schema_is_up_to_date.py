"""The published schema of app.yaml is what the table of its keys makes of it."""

import json

from jsonschema import Draft202012Validator

from house.schema_page import PAGE, WIDTH, laid_out, render


def test_the_schema_of_app_yaml_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make reference`"


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json.loads(PAGE.read_bytes()))


def test_json_is_laid_out_without_a_change_to_it() -> None:
    value = {"a": ["x" * WIDTH, {"b": []}], "c": {}}
    assert json.loads(laid_out(value, 0)) == value
