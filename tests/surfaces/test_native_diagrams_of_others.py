"""Diagrams that other tools drew, through the API: what an engine may ignore is a warning, and the rest runs."""

import httpx
import pytest

from engine_bpmn import END, START, document, el, flow, multi, path, simple, timer, user
from surfaces.conftest import Api
from surfaces.test_native_processes import deploy, open_tasks

FOREIGN = (
    '<extensionElements><sig:meta xmlns:sig="urn:other" key="x"/><sig:more xmlns:sig="urn:other"/></extensionElements>'
)
DATA = '<dataObject id="do"/>\n<dataObjectReference id="dr" dataObjectRef="do" name="Invoice"/>'
LONE_STORE = '<dataStoreReference id="st" dataStoreRef="s"/>'
ASSOCIATION = "<dataInputAssociation><targetRef>x</targetRef></dataInputAssociation>"
CATEGORY = "<categoryValueRef>c</categoryValueRef>"
INPUTS = "<ioSpecification><inputSet/><outputSet/></ioSpecification>"


def line_of(process: bytes, part: str) -> int:
    return next(number for number, line in enumerate(process.decode().splitlines(), 1) if part in line)


@pytest.mark.parametrize(
    ("process", "code", "element", "part"),
    [
        (simple(FOREIGN, user("u"), through=("u",)), "extension", "p", "sig:meta"),
        (simple(user("u", FOREIGN), through=("u",)), "extension", "u", "sig:meta"),
        (simple(user("u", '<o:form xmlns:o="urn:other"/>'), through=("u",)), "extension", "u", "o:form"),
        (simple(DATA, user("u"), through=("u",)), "data_object", "do", "<dataObject "),
        (simple(LONE_STORE, user("u"), through=("u",)), "data_store_reference", "st", "dataStoreRef"),
        (simple('<property id="pr"/>', user("u"), through=("u",)), "property", "pr", "<property"),
        (simple(user("u", INPUTS), through=("u",)), "io_specification", "u", "ioSpec"),
        (simple(user("u", ASSOCIATION, ASSOCIATION), through=("u",)), "data_input_association", "u", "dataInput"),
        (simple(user("u", "<potentialOwner/>"), through=("u",)), "potential_owner", "u", "potentialOwner"),
        (simple(user("u", CATEGORY), through=("u",)), "category_value_ref", "u", "<categ"),
        (simple(user("u"), through=("u",), outside='<message id="m"/>'), "message_name", "m", "<message"),
        (simple(user("u"), through=("u",), outside='<error id="er"/>'), "error_code", "er", "<error"),
        (document(START, user("u"), path("start", "u")), "dangling_node", "u", "<userTask"),
        (
            simple(user("u"), through=("u",)).replace(b'isExecutable="true"', b'isExecutable="false"'),
            "not_executable", "p", "<process",
        ),
        (simple(user("u"), through=("u",)).replace(b' isExecutable="true"', b""), "not_executable", "p", "<process"),
    ],
)  # fmt: skip  # a table
async def test_what_an_engine_may_ignore_is_one_warning_with_its_place_and_the_rest_runs_to_its_end(
    api: Api, process: bytes, code: str, element: str, part: str
) -> None:
    deployed = await deploy(api, process)

    assert deployed.status_code == 201, deployed.text
    warned = [(one["code"], one["element"], one["line"], one["severity"]) for one in deployed.json()["warnings"]]
    assert warned == [(code, element, line_of(process, part), "warning")]
    assert await runs_to_its_end(api) == ["u"]


async def runs_to_its_end(api: Api) -> list[str]:
    """Start an instance, complete everything, and return the elements of its tasks in order."""
    admin = await api.client("admin")
    started = await admin.post("/api/v1/apps/ODD/instances", json={"values": {}})
    assert started.status_code == 201, started.text
    instance, done = started.json()["instance"]["id"], []
    while (read := (await admin.get(f"/api/v1/instances/{instance}")).json())["state"] == "running":
        task = next(one for one in read["tasks"] if one["closed_at"] is None)
        await admin.post(f"/api/v1/tasks/{task['id']}/claim")
        etag = (await admin.get(f"/api/v1/tasks/{task['id']}")).headers["ETag"]
        completed = await admin.post(
            f"/api/v1/tasks/{task['id']}/complete", headers={"If-Match": etag}, json={"values": {}}
        )
        assert completed.status_code == 200, completed.text
        done.append(str(task["element"]))
    assert read["state"] == "ended"
    return done


async def test_an_extension_that_must_be_understood_is_refused(api: Api) -> None:
    needed = '<extension definition="x" mustUnderstand="true"/>'
    answer = await deploy(api, simple(user("u"), through=("u",), outside=needed))
    assert (answer.status_code, len(answer.json()["findings"])) == (422, 1)


@pytest.mark.parametrize("tag", ["task", "manualTask"])
async def test_a_task_of_no_kind_is_a_user_task_if_app_yaml_names_it(api: Api, tag: str) -> None:
    process = simple(el(tag, "t", multi(cardinality="2")), through=("t",))
    refused = await deploy(api, process)
    assert (refused.status_code, len(refused.json()["findings"])) == (422, 1)
    assert "under `tasks` in app.yaml" in refused.json()["findings"][0]["message"]

    assert (await deploy(api, process, tasks={"t": {"assign": {"starter": True}}})).json()["warnings"] == []
    assert await runs_to_its_end(api) == ["t", "t"]


async def test_flows_without_ids_and_references_with_a_prefix_lead_where_they_are_drawn(api: Api) -> None:
    process = (
        document(
            '<startEvent id="s"/><userTask id="u"/><exclusiveGateway id="x" default="t:x_e"/><endEvent id="e"/>',
            '<sequenceFlow sourceRef="s" targetRef="t:u"/><sequenceFlow sourceRef="u" targetRef="x"/>',
            '<sequenceFlow sourceRef="x" targetRef="again">',
            "<conditionExpression>1 == 2</conditionExpression></sequenceFlow>",
            '<sequenceFlow id="x_e" sourceRef="x" targetRef="r"/><sequenceFlow sourceRef="r" targetRef="e"/>',
            '<receiveTask id="r" messageRef="t:m"/><userTask id="again"/>',
            '<sequenceFlow sourceRef="again" targetRef="e"/>',
            '<boundaryEvent id="b" attachedToRef="t:u">' + timer("P1D") + "</boundaryEvent>",
            '<sequenceFlow sourceRef="b" targetRef="e"/>',
            outside='<message id="m" name="reply"/>',
        )
        .replace(b"<definitions ", b'<definitions xmlns:t="urn:test" ')
    )  # fmt: skip  # one process
    deployed = await deploy(api, process, messages={"reply": {}}, tasks={"u": {"assign": {"starter": True}}})
    assert (deployed.status_code, deployed.json()["warnings"]) == (201, []), deployed.text

    admin = await api.client("admin")
    instance = (await admin.post("/api/v1/apps/ODD/instances", json={"values": {}})).json()["instance"]["id"]
    task = (await admin.get(f"/api/v1/instances/{instance}")).json()["tasks"][0]["id"]
    etag = (await admin.get(f"/api/v1/tasks/{task}")).headers["ETag"]
    await admin.post(f"/api/v1/tasks/{task}/complete", headers={"If-Match": etag}, json={"values": {}})
    assert await open_tasks(api, instance) == []
    assert (await admin.post(f"/api/v1/instances/{instance}/messages/reply", json={})).status_code == 204
    assert (await admin.get(f"/api/v1/instances/{instance}")).json()["state"] == "ended"


@pytest.mark.parametrize("end", ["exclusiveGateway", "inclusiveGateway", "parallelGateway", "startEvent"])
async def test_a_path_ends_where_nothing_follows(api: Api, end: str) -> None:
    inner = '<startEvent id="i"/>' if end == "startEvent" else f'<startEvent id="i"/><{end} id="g"/>' + path("i", "g")
    process = simple(el("subProcess", "sub", inner), user("u"), through=("sub", "u"))
    deployed = await deploy(api, process)
    assert [one["code"] for one in deployed.json()["warnings"]] == ["dangling_node"]
    assert await runs_to_its_end(api) == ["u"]


def pools(first: str, second: str) -> bytes:
    """Return a document with two processes, each with one task, whose attributes are given."""
    one = simple(user("u"), through=("u",)).replace(b' isExecutable="true"', first.encode())
    two = f'<process id="q"{second}>\n<startEvent id="s2"/><userTask id="v"/>' + path("s2", "v") + "\n</process>"
    return one.replace(b"</definitions>", two.encode() + b"\n</definitions>")


async def deploy_pools(api: Api, process: str) -> httpx.Response:
    """Deploy two processes of which app.yaml names one."""
    return await deploy(api, pools("", ""), process=process)


@pytest.mark.parametrize("executable", ["", ' isExecutable="true"'])
async def test_several_processes_are_one_finding_that_lists_them_beside_all_others(api: Api, executable: str) -> None:
    process = pools(executable, executable).replace(b"</process>", b'<scriptTask id="sc"/></process>', 1)

    answer = await deploy(api, process, tasks={"u": {}, "gone": {}})

    assert answer.status_code == 422
    found = {one["code"]: one for one in answer.json()["findings"]}
    assert set(found) == {"executable_processes", "script_task", "unreachable", "unknown_element"}
    several = found["executable_processes"]
    assert several["line"] == line_of(process, '<process id="p"')
    second = line_of(process, '<process id="q"')
    assert f"p (line {several['line']}), q (line {second})" in several["message"]
    assert answer.json()["detail"].startswith("The bundle has 4 errors; ")


async def test_app_yaml_or_the_mark_says_which_of_several_processes_runs(api: Api) -> None:
    deployed = await deploy_pools(api, "q")
    assert [one["code"] for one in deployed.json()["warnings"]] == ["dangling_node"]
    assert await runs_to_its_end(api) == ["v"]
    assert (await deploy(api, pools(' isExecutable="true"', ""))).json()["warnings"] == []
    assert await runs_to_its_end(api) == ["u"]


async def test_a_process_that_app_yaml_names_and_the_document_has_not_is_a_finding_with_its_line(api: Api) -> None:
    found = (await deploy_pools(api, "r")).json()["findings"][-1]
    assert (found["code"], found["file"], found["line"]) == ("unknown_process", "app.yaml", 1)


async def test_a_pool_without_a_process_is_none_of_several(api: Api) -> None:
    black_box = b'<process id="q"/></definitions>'
    process = pools("", "").split(b'<process id="q"')[0] + black_box
    assert [one["code"] for one in (await deploy(api, process)).json()["warnings"]] == ["not_executable"]


async def test_errors_and_warnings_are_counted_apart(api: Api) -> None:
    process = simple(user("u", FOREIGN), el("scriptTask", "q"), DATA, through=("u", "q"))
    assert (await deploy(api, process)).json()["detail"].startswith("The bundle has 1 error and 2 warnings; ")


@pytest.mark.parametrize(
    ("process", "line", "column"),
    [
        (b"<a>\n  <b></a>", 2, 10),
        (b"<a>\n  &boo;</a>", 2, 8),
        (b"<a>\n  \xff</a>", 2, 3),
        (b'<?xml version="1.0"?>\n  <!DOCTYPE a>\n<a/>', 2, 3),
    ],
)
async def test_a_fault_of_the_text_names_line_and_column(api: Api, process: bytes, line: int, column: int) -> None:
    (found,) = (await deploy(api, process)).json()["findings"]
    assert found["line"] == line
    assert f"(line {line}, column {column})" in found["message"]


async def test_a_process_without_a_start_has_a_place(api: Api) -> None:
    process = document(END)
    (found,) = [one for one in (await deploy(api, process)).json()["findings"] if one["code"] == "start_events"]
    assert found["line"] == line_of(process, "<process")


async def test_a_condition_of_another_language_still_is_refused_where_it_stands(api: Api) -> None:
    gate = el("exclusiveGateway", "x", default="x_end")
    process = simple(gate, flow("x", "end", "${approved}", name="f"), through=("x",))
    (found,) = (await deploy(api, process)).json()["findings"]
    assert (found["code"], found["element"]) == ("expression", "f")
