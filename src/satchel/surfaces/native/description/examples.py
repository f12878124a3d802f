"""Examples for the API's description: the same desk is evaluated, bought and filed in all of them.

A member's example goes by its name, or by its type and name where one name has several meanings.
"""

from collections.abc import Mapping
from typing import cast

from satchel.model.api.kinds import VALUE

_PREFIX = "#/components/schemas/"
_AT = "2026-03-02T09:30:00.000Z"
_LATER = "2026-03-02T10:30:00.000Z"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_QUERY = {"app": "EVA", "states": ["running"], "fields": {"amount": {"from": "100"}}}
_URL = "https://satchel.example/api/v1"
_AWAY = {"from": "2026-12-21", "until": "2027-01-03", "substitute": 9}
_OWN_DAY = {"day": "2026-12-24", "name": "Christmas Eve", "hours": ["09:00-12:00"]}
_HOURS = {"hours": {"monday": ["09:00-17:00"]}, "country": "DE", "subdivision": "BY", "days": [_OWN_DAY]}

_BY_NAME: Mapping[str, object] = {
    "access": "edit",
    "account": 1,
    "action": 10,
    "address": "192.0.2.7",
    "admin": False,
    "app": "EVA",
    "app_id": 3,
    "area": None,
    "at": _AT,
    "attempt": 1,
    "auth": "basic archive",
    "body": '{"product": "Standing desk"}',
    "body_bytes": 28,
    "bytes": 48213,
    "category": "Purchasing",
    "ceiling_bytes": 53_687_091_200,
    "changed_at": _AT,
    "client_id": "c_7d3f",
    "client_secret": "os_4f7a",
    "closed_at": None,
    "closed_by": None,
    "code": "EVA",
    "comment": "Measured in the showroom.",
    "consequence": None,
    "copied_from": None,
    "created_at": _AT,
    "created_by": 7,
    "criteria": '{"processModelInfoId": "3"}',
    "csrf_token": "b81c",
    "data": {"outcome": "approve"},
    "declared_size": 48213,
    "deleted_at": None,
    "delivery": 91,
    "deployed_at": _AT,
    "deployed_by": 7,
    "description": "The offer of Nordholz.",
    "details": {"status": 503},
    "disabled": None,
    "due_at": _LATER,
    "duration_ms": 84,
    "element": "evaluate",
    "email": "buyer@demo.example",
    "ended_at": None,
    "error": None,
    "event": "task_done",
    "expires_at": _LATER,
    "failing_since": None,
    "fault": False,
    "field": "description",
    "file": None,
    "folder": "nightly",
    "format": "native",
    "group": 4,
    "holder": None,
    "in_place_of": None,
    "id": 17,
    "identifier": "EVA-17",
    "instance": 17,
    "kind": "stored",
    "label": "Description",
    "left_out": 0,
    "lifetime_s": 300,
    "limit_bytes": 10_737_418_240,
    "line": 12,
    "locale": "en",
    "media_type": "application/pdf",
    "message": "The archive answered 503.",
    "metadata": {},
    "method": "POST",
    "missing": 0,
    "name": "offer.pdf",
    "next": None,
    "next_attempt_at": _LATER,
    "next_run_at": _LATER,
    "number": 1,
    "opened_at": _AT,
    "outcome": "approve",
    "over_bytes": 0,
    "owner": 7,
    "parent": None,
    "password": "correct horse battery staple",
    "path": "M 1 1 L 20 20",
    "put_url": f"{_URL}/uploads/17/content?token=ut_5c",
    "query": _QUERY,
    "ready_at": _AT,
    "reason": None,
    "reply": "try again later",
    "reserved_bytes": 48213,
    "restorable_s": 30,
    "revision": 3,
    "right": "view",
    "runs": 2,
    "search": 12,
    "secret": "st_9a41",
    "sha256": _SHA256,
    "size": 48213,
    "started_at": _AT,
    "starter": 7,
    "state": "running",
    "status": 503,
    "task": 23,
    "text": "Please add the dimensions.",
    "time_zone": "Europe/Berlin",
    "title": "Standing desk",
    "token": "ut_5c",
    "total": {"value": 312, "exact": True},
    "tus_url": f"{_URL}/uploads/17/tus?token=ut_5c",
    "type": "file",
    "url": "https://hooks.example/satchel",
    "used_bytes": 734_003_200,
    "user": 7,
    "uuid": "01954d2e-5f3a-7c11-9b1e-3f2a6f0f8f11",
    "value": "open sesame",
    "values": {"product": "Standing desk", "amount": "489.00", "description": [17]},
    "variables": {},
    "version": 2,
    "webhook": 5,
    "webhook_id": "msg_01954d2e5f3a7c119b1e3f2a6f0f8f11",
    "window": None,
}

_BY_TYPE: Mapping[str, Mapping[str, object]] = {
    "Absence": {**_AWAY, "running": False},
    "AbsenceChange": {"from": None, "until": "2027-01-06", "substitute": None},
    "Calendar": {**_HOURS, "holidays": [{"day": "2026-12-25", "name": "Christmas Day"}]},
    "Holiday": {"day": "2026-12-25", "name": "Christmas Day"},
    "NewAbsence": _AWAY,
    "NewCalendar": _HOURS,
    "NewOwnDay": _OWN_DAY,
    "OwnDay": _OWN_DAY,
    "Migration": {"mapping": {"assess": "evaluate"}, "state": "running"},
    "MigrationFinding": {"element": "assess", "code": "gone", "message": "assess is not in the new version."},
    "MigrationResult": {"outcome": "needs_mapping", "version": 2},
    "NewMigration": {"mapping": {"assess": "evaluate"}},
    "Action": {"name": "Approve", "inputs": ["comment"], "task": "evaluate"},
    "App": {
        "name": "Product Evaluation",
        "description": "Somebody proposes a product, a buyer decides.",
        "retired": False,
    },
    "Application": {"name": "Sync robot"},
    "Area": {"name": "Documents"},
    "Call": {"kind": "rest", "state": "waiting", "element": "archive"},
    "CallAttempt": {"state": "failed", "reason": "status", "ended_at": _LATER},
    "CallRecord": {"kind": "rest", "state": "waiting", "element": "archive"},
    "Completed": {"outcome": "approve"},
    "Conditions": _QUERY,
    "Column": {"id": "supplier", "label": "Supplier", "type": "text"},
    "CompletedByHand": {"reason": "She is ill."},
    "CopyFile": {"instance": 18, "name": None},
    "Credential": {"kind": "token", "name": "archive"},
    "Delivery": {"state": "delivered", "ended_at": _LATER, "next_attempt_at": None},
    "DeliveryAttempt": {"state": "failed", "reason": "status", "ended_at": _LATER},
    "DeliveryRecord": {"state": "waiting"},
    "Element": {
        "id": "evaluate",
        "name": "Evaluate",
        "kind": "userTask",
        "within": None,
        "state": "done",
        "outcome": "approve",
        "outcome_label": "Approve",
        "called": None,
        "incident": None,
    },
    "Event": {"kind": "task.completed"},
    "Export": {"state": "ready", "fields": ["description"], "values": True},
    "CallFailure": {"code": "archive_down"},
    "Field": {"id": "description"},
    "File": {"url": None},
    "EnvironmentValue": {"name": "erp_url", "value": "https://erp.example"},
    "FileChange": {"name": "offer-2.pdf"},
    "Finding": {"code": "unknown_element", "file": "app.yaml", "severity": "warning", "element": None},
    "FormField": {"id": "description"},
    "HandMove": {"cancel": [14], "reason": "It was approved by phone."},
    "Group": {"name": "Buyers", "members": [7, 9]},
    "GrantBody": {"app": "EVA"},
    "HistoryEvent": {
        "kind": "task.completed",
        "user_name": "Bea Buyer",
        "element": "evaluate",
        "element_name": "Evaluate Product",
    },
    "Incident": {"code": "call_failed", "element": "archive", "newer_version": 3},
    "AppSummary": {"name": "Product Evaluation", "retired": False},
    "Retried": {"version": 3, "newer_version": None},
    "Link": {"url": f"{_URL}/links/lt_77/offer.pdf"},
    "NewApplication": {"name": "Sync robot"},
    "NewCredential": {"kind": "token", "name": "archive"},
    "NewExport": {"search": None, "fields": ["description"], "values": True},
    "NewExportLink": {"user": None},
    "NewFile": {"uploads": [17], "kind": None, "url": None},
    "NewEnvironmentValue": {"value": "https://erp.example"},
    "NewGroup": {"name": "Buyers"},
    "NewLink": {"disposition": "inline"},
    "NewOAuthClient": {"name": "Dashboard", "redirect_uris": ["https://dashboard.example/back"]},
    "NewSchedule": {"at": "02:30"},
    "NewSearch": {"name": "Running desks"},
    "NewSecret": {"value": "open sesame", "hosts": ["archive.example"], "apps": ["EVA"]},
    "NewUpload": {"task": None, "instance": None},
    "NewUser": {"name": "Bea Buyer"},
    "NewWebhook": {"events": ["start", "end"]},
    "OAuthClient": {"name": "Dashboard", "redirect_uris": ["https://dashboard.example/back"]},
    "Option": {"id": "approve", "label": "Approve"},
    "Outcome": {"id": "approve", "label": "Approve"},
    "Reason": {"reason": "Ordered twice."},
    "SavedSearch": {"name": "Running desks", "groups": [4]},
    "Schedule": {"at": "02:30", "running": False},
    "ScheduleRun": {"state": "done", "ended_at": _LATER},
    "Secret": {"name": "archive", "hosts": ["archive.example"], "apps": ["EVA"]},
    "SignIn": {"account": None},
    "Node": {"number": 3, "id": "receive_offer", "name": "Receive the offer", "kind": "receiveTask"},
    "Step": {
        "id": "evaluate",
        "name": "Evaluate",
        "kind": "userTask",
        "within": None,
        "certain": True,
        "assigned": "group",
        "group": "buyers",
        "due_s": 259_200,
    },
    "Notification": {"kind": "assigned", "text": "", "task_name": "Evaluate", "page": "/tasks/23", "incident": None},
    "NotificationSettings": {"mail": True, "digest_at": "08:00"},
    "Task": {"name": "Evaluate", "state": "unassigned", "outcome": None},
    "TaskView": {"name": "Evaluate", "state": "assigned", "holder": 7, "outcome": None},
    "TicketForm": {"url": f"{_URL}/uploads/17/form", "fields": {"token": "ut_5c"}, "file_field": "file"},
    "Total": {"value": 312, "exact": True},
    "Upload": {"state": "uploaded"},
    "Token": {"name": "Evaluate", "kind": "userTask", "mode": "wait", "part_of": None, "flow": None, "may": ["cancel"]},
    "TokenStart": {"at": "archive"},
    "User": {"name": "Bea Buyer"},
    "Me": {"name": "Bea Buyer", "rights": {"3": ["start", "view"]}},
    "Wait": {"kind": "timer", "element": "reminder", "name": None},
    "Webhook": {"events": ["start", "end"]},
    "WebhookChange": {"active": False},
    "WebhookSecret": {"events": ["start", "end"], "secret": "whsec_b3c1"},
    "WorkItem": {"name": "Evaluate", "state": "unassigned", "outcome": None, "app_name": "Product Evaluation"},
    "WorkResult": {"next_task": None, "made": []},
}


def example_of(name: str, schemas: Mapping[str, Mapping[str, object]]) -> object:
    """Return an example of a schema; members without a word of their own get one by their type."""
    return _of_object(name, schemas[name], schemas)


def _of_object(name: str, schema: Mapping[str, object], schemas: Mapping[str, Mapping[str, object]]) -> object:
    own = _BY_TYPE.get(name, {})
    members = cast("Mapping[str, Mapping[str, object]]", schema.get("properties", {}))
    required = set(cast("list[str]", schema.get("required", [])))
    shown: dict[str, object] = {}
    for member, kind in members.items():
        if member in own:
            value = own[member]
        elif _refers(kind) or member not in _BY_NAME:
            value = _of(kind, schemas)
        else:
            value = _BY_NAME[member]
        if value is not None or member in required:
            shown[member] = value
    return {**{name: value for name, value in own.items() if name not in members}, **shown}


def _refers(kind: Mapping[str, object]) -> bool:
    """Return whether a member is an object of a type of its own, or null."""
    choices = cast("list[Mapping[str, object]]", kind.get("anyOf", [kind]))
    return any(_is_reference(one) for one in choices)


def _is_reference(kind: Mapping[str, object]) -> bool:
    return str(kind.get("$ref", "")).startswith(_PREFIX) and not str(kind["$ref"]).endswith(f"/{VALUE}")


def _of(kind: Mapping[str, object], schemas: Mapping[str, Mapping[str, object]]) -> object:
    if "$ref" in kind:
        name = str(kind["$ref"]).removeprefix(_PREFIX)
        return {} if name == VALUE else _of_object(name, schemas[name], schemas)
    if "default" in kind:
        return kind["default"]
    if "anyOf" in kind:
        return _of(cast("list[Mapping[str, object]]", kind["anyOf"])[0], schemas)
    if "enum" in kind:
        return cast("list[object]", kind["enum"])[0]
    return _of_type(kind, schemas)


def _of_type(kind: Mapping[str, object], schemas: Mapping[str, Mapping[str, object]]) -> object:
    found: object = None
    match kind.get("type"):
        case "array":
            item = _of(cast("Mapping[str, object]", kind.get("items", {})), schemas)
            found = [] if item is None else [item]
        case "object":
            more = kind.get("additionalProperties")
            found = {"description": _of(cast("Mapping[str, object]", more), schemas)} if isinstance(more, dict) else {}
        case "integer":
            found = kind.get("minimum", 1)
        case "boolean":
            found = True
        case "string":
            found = _AT if kind.get("format") == "date-time" else "text"
        case _:
            pass
    return found
