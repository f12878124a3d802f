"""The description of the native API and its page are those of the code; the description is sound by its own rules."""

import json
import re
from typing import Any

from jsonschema import Draft202012Validator

from house.api_page import DESCRIPTION, PAGE, description, page
from satchel.surfaces.native.description.document import openapi
from satchel.surfaces.native.routes import ENDPOINTS


def test_the_description_in_the_documentation_is_up_to_date() -> None:
    assert DESCRIPTION.read_text(encoding="utf-8") == description(), "run `make reference`"


def test_the_page_of_the_api_is_up_to_date() -> None:
    present = PAGE.read_text(encoding="utf-8")
    assert present == page(present), "run `make reference`"


def _operations() -> list[tuple[str, Any]]:
    document: Any = json.loads(json.dumps(openapi(ENDPOINTS)))
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_every_operation_says_what_it_answers_and_with_which_codes_it_refuses() -> None:
    for name, operation in _operations():
        done = {status for status in operation["responses"] if status < "400"}
        assert done, name
        for status in done:
            answer = operation["responses"][status]
            assert "content" in answer or status in {"204", "202", "201", "304"} or name.startswith("HEAD "), name
        assert {"400", "500", "503"} <= set(operation["responses"]), name


def test_every_parameter_of_a_path_is_described() -> None:
    for name, operation in _operations():
        described = {one["name"] for one in operation["parameters"] if one.get("in") == "path"}
        assert described == set(re.findall(r"\{(\w+)\}", name)), name


def test_every_example_is_one() -> None:
    document: Any = json.loads(json.dumps(openapi(ENDPOINTS)))
    schemas = document["components"]["schemas"]
    wrong: list[str] = []
    for name, schema in schemas.items():
        validator = Draft202012Validator(
            {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}},
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
        for example in schema.get("examples", ()):
            wrong += [f"{name}{found.json_path[1:]}: {found.message}" for found in validator.iter_errors(example)]
    assert wrong == []
