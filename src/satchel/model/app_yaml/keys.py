"""The content of `app.yaml`: every key with the kind and the limits of its value.

The readers beside this module use it, and `docs/reference/app.schema.json` is generated from it. The readers check
dependencies between keys, and the references of ids.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from satchel.model.app_yaml.rule_keys import (
    ACCESS,
    CHECKS,
    CODE,
    FIELD_NAME,
    LABEL,
    LISTS,
    MAX_OPTIONS,
    OPTION_NAME,
    RULES,
)
from satchel.model.app_yaml.shapes import Choice, Each, Kind, OneOf, Pairs, Shape, Single, Text, Texts, Whole
from satchel.model.fields import SIMPLE_TYPES, FieldType
from satchel.model.ids import FIELDS_PER_APP
from satchel.model.notifications import OF_TASKS, Channel, NotificationKind
from satchel.model.reply_path import REPLY_PATH
from satchel.model.services import (
    HEADER_NAME,
    MAX_REDIRECTS,
    METHODS,
    SECRET_NAME,
    SECRET_NAME_HINT,
    AuthKind,
    BodyKind,
    Encoding,
    InstanceOperation,
    OnFailure,
    TextKind,
)
from satchel.model.template import MAX_TEMPLATE_CHARS

MAX_TEXT_CHARS = 100_000
MAX_STARS = 10
MAX_ACTION_NUMBER = 2**31 - 1
MAX_ENTRIES = 1_000
"""Maximum number of tasks, services, calls, messages and actions, each."""

DESCRIPTION = Text(longest=2_000, shortest=0, lines=True)
ELEMENT_NAME = Text(
    longest=255, shape=re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,254}"), hint="write the id of an element of process.bpmn."
)
ACTION_NUMBER = Text(
    longest=10, shape=re.compile(r"[1-9][0-9]{0,9}"), hint=f"write a number from 1 to {MAX_ACTION_NUMBER}."
)
EMAIL = Text(longest=254, shape=re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}"), hint="write the e-mail address of a user.")
TEMPLATE = Text(longest=MAX_TEMPLATE_CHARS)
HEADER = Text(longest=128, shape=HEADER_NAME, hint="write the name of a header.")
SECRET = Text(longest=64, shape=SECRET_NAME, hint=f"name a secret: {SECRET_NAME_HINT}")
PATH = Text(longest=200, shape=REPLY_PATH, hint="write one such as $.order.lines[0].id.")
MESSAGE_NAME = Text(longest=200, hint="write the name of a BPMN message.")

INPUTS = Texts(longest=MAX_ENTRIES)
FILE_FIELDS = Texts(longest=100)
MAPPING = Pairs(names=FIELD_NAME, values=FIELD_NAME)
VALUES = Pairs(names=FIELD_NAME, values=Single.SOURCE)

# Fields

OPTIONS: Mapping[str, Kind] = {
    "min_length": Whole(0, MAX_TEXT_CHARS),
    "max_length": Whole(1, MAX_TEXT_CHARS),
    "pattern": Text(longest=500),
    "min": Single.NUMBER,
    "max": Single.NUMBER,
    "digits": Whole(0, 20),
    "disable_future": Single.FLAG,
    "disable_past": Single.FLAG,
    "options": Each(
        name="option",
        longest=MAX_OPTIONS,
        shortest=1,
        shape=Shape(required=("id", "label"), keys={"id": OPTION_NAME, "label": LABEL}),
    ),
    "min_checked": Whole(0, MAX_OPTIONS),
    "max_checked": Whole(1, MAX_OPTIONS),
    "max_stars": Whole(1, MAX_STARS),
    "max_rows": Whole(1, 1_000),
    "min_bytes": Single.SIZE,
    "max_bytes": Single.SIZE,
    "accept": Texts(
        longest=64,
        shortest=1,
        shape=re.compile(
            r"\.[A-Za-z0-9][A-Za-z0-9.+_-]{0,31}"
            r"|[A-Za-z0-9][A-Za-z0-9.+-]{0,63}/(?:\*|[A-Za-z0-9][A-Za-z0-9.+-]{0,127})"
        ),
        hint="write .pdf, application/pdf or image/*.",
    ),
    "max_files": Whole(1, 10_000),
    "max_unclaimed": Whole(1, 1_000),
    "allow_links": Single.FLAG,
}
"""Further options of fields and columns; `TYPE_OPTIONS` maps types to options."""

_LENGTHS = ("min_length", "max_length")
_TIMES = ("disable_future", "disable_past")
_FILES = ("min_bytes", "max_bytes", "accept", "max_files", "max_unclaimed", "allow_links")
TYPE_OPTIONS: Mapping[FieldType, tuple[str, ...]] = {
    FieldType.TEXT: (*_LENGTHS, "pattern"),
    FieldType.MULTILINE: (*_LENGTHS, "pattern"),
    FieldType.DECIMAL: ("min", "max", "digits"),
    FieldType.INTEGER: ("min", "max"),
    FieldType.BOOLEAN: (),
    FieldType.DATE: _TIMES,
    FieldType.DATETIME: _TIMES,
    FieldType.TIME: _TIMES,
    FieldType.CHOICE: ("options",),
    FieldType.CHOICES: ("options", "min_checked", "max_checked"),
    FieldType.RATING: ("max_stars",),
    FieldType.USER: (),
    FieldType.GROUP: (),
    FieldType.TABLE: ("columns", "max_rows"),
    FieldType.SEPARATOR: (),
    FieldType.FILE: _FILES,
    FieldType.PHOTO: _FILES,
    FieldType.SIGNATURE: tuple(option for option in _FILES if option not in ("max_files", "allow_links")),
    FieldType.LINK: _LENGTHS,
}
"""The options of each type, beside the keys that every field has."""

REQUIRED_OPTIONS: Mapping[FieldType, tuple[str, ...]] = {
    FieldType.CHOICE: ("options",),
    FieldType.CHOICES: ("options",),
    FieldType.TABLE: ("columns",),
}

COLUMN = Shape(
    required=("id", "label", "type"),
    keys={
        "id": FIELD_NAME,
        "label": LABEL,
        "type": OneOf(tuple(type_ for type_ in FieldType if type_ in SIMPLE_TYPES)),
        "required": Single.FLAG,
        **OPTIONS,
    },
)
FIELD = Shape(
    required=("number", "id", "label", "type"),
    keys={
        "number": Whole(0, FIELDS_PER_APP - 1),
        "id": FIELD_NAME,
        "label": LABEL,
        "type": OneOf(tuple(FieldType)),
        "description": DESCRIPTION,
        "searchable": Single.FLAG,
        "columns": Each(name="column", shape=COLUMN, longest=64, shortest=1),
        **OPTIONS,
        **RULES,
    },
    about={
        "number": "Stable over versions.",
        "searchable": "Whether searches filter and sort by it.",
        "pattern": "A regular expression of RE2.",
        "show_if": "The field is shown only where this is true.",
        "require_if": "Forms that let it be filled in require a value where this is true.",
        "default": "Its value in a new instance, where nothing was sent for it.",
        "compute": "Its value, always; it cannot be set.",
        "accept": "Extensions (.pdf), media types (application/pdf) or ranges (image/*).",
    },
)

# Tasks, calls, messages, actions

NOTIFY = Shape(keys={kind.value: OneOf(tuple(Channel)) for kind in NotificationKind})
NOTIFY_OF_TASK = Shape(keys={kind: how for kind, how in NOTIFY.keys.items() if kind in OF_TASKS})
LATE = Shape(
    required=("after", "to"),
    keys={"after": Single.DURATION, "to": LABEL},
    about={"after": "How long after the due time.", "to": "The group that is notified."},
    words=("fail", "delay"),
)
TASK = Shape(
    keys={
        "assign": Shape(
            keys={"group": LABEL, "user": EMAIL, "field": FIELD_NAME, "starter": Single.FLAG},
        ),
        "due": Single.DUE,
        "late": LATE,
        "remind": Single.DURATION,
        "notify": NOTIFY_OF_TASK,
        "fields": ACCESS,
        "outcomes": Each(
            name="outcome",
            longest=20,
            shape=Shape(required=("id", "label"), keys={"id": OPTION_NAME, "label": LABEL, "fault": Single.FLAG}),
        ),
        "checks": CHECKS,
    },
    about={
        "assign": "The assignee of the task; without it, it is offered to those who may start the app.",
        "late": "fail ends the task at its due time; a mapping notifies a group of a late task.",
        "remind": "How long before the due time the task's people are reminded.",
        "notify": "How notifications of this task reach people who have not chosen.",
        "fields": "The access of the form's user, by field; a field that is not named is hidden.",
    },
)
CALL = Shape(required=("app",), keys={"app": CODE, "in": MAPPING, "out": MAPPING})
MESSAGE = Shape(keys={"inputs": INPUTS})
ACTION = Shape(
    required=("name",),
    keys={
        "name": LABEL,
        "alias": Whole(1, MAX_ACTION_NUMBER),
        "inputs": INPUTS,
        "areas": Each(
            name="area", longest=20, shape=Shape(required=("name",), keys={"name": LABEL, "required": Single.FLAG})
        ),
        "task": ELEMENT_NAME,
        "outcome": OPTION_NAME,
        "create": Single.FLAG,
    },
)

# Services

AUTH = Choice(
    by="type",
    shapes={
        AuthKind.BASIC: Shape(required=("user", "password"), keys={"user": LABEL, "password": SECRET}),
        AuthKind.BEARER: Shape(required=("token",), keys={"token": SECRET}),
        AuthKind.HEADER: Shape(required=("name", "value"), keys={"name": HEADER, "value": SECRET}),
        AuthKind.OAUTH2: Shape(
            required=("token_url", "client_id", "client_secret"),
            keys={
                "token_url": Text(longest=2_000),
                "client_id": LABEL,
                "client_secret": SECRET,
                "scope": Text(longest=1_000),
            },
        ),
    },
)
OUTPUT = Shape(
    keys={
        "binary": FIELD_NAME,
        "file": Shape(
            required=("to", "path", "encoding"),
            keys={"to": FIELD_NAME, "path": PATH, "encoding": OneOf((Encoding.BASE64, Encoding.URL)), "name": PATH},
        ),
        "values": Pairs(values=PATH),
        "required": Single.FLAG,
    },
)
RETRY = Shape(keys={"attempts": Whole(1, 100), "pause": Single.DURATION, "deadline": Single.DURATION})
_COMMON: Mapping[str, Kind] = {
    "retry": RETRY,
    "on_failure": OneOf(tuple(OnFailure)),
    "otherwise": VALUES,
    "as": EMAIL,
}
SERVICE = Choice(
    by="kind",
    always={"inputs": INPUTS},
    shapes={
        "rest": Shape(
            required=("method", "url"),
            keys={
                **_COMMON,
                "method": OneOf(METHODS),
                "url": TEMPLATE,
                "headers": Pairs(names=HEADER, values=TEMPLATE),
                "parameters": Pairs(values=Single.SOURCE),
                "body": OneOf(tuple(BodyKind)),
                "text": TEMPLATE,
                "type": OneOf(tuple(TextKind)),
                "file": FIELD_NAME,
                "success": Text(
                    longest=7,
                    shape=re.compile(r"[1-5][0-9]{2}(?:-[1-5][0-9]{2})?"),
                    hint='write "200-299" or "201" in quotes.',
                ),
                "timeout": Single.DURATION,
                "reply_bytes": Single.SIZE,
                "reply_until_close": Single.FLAG,
                "output": OUTPUT,
                "redirects": Whole(0, MAX_REDIRECTS),
                "auth": AUTH,
            },
        ),
        "instance": Shape(
            required=("do", "app"),
            keys={
                **_COMMON,
                "do": OneOf(tuple(InstanceOperation)),
                "app": CODE,
                "identifier": TEMPLATE,
                "set": replace(VALUES, or_all=True),
                "copy": replace(MAPPING, or_all=True),
                "result": FIELD_NAME,
            },
        ),
        "files": Shape(
            required=("do", "from", "to"),
            keys={
                **_COMMON,
                "do": OneOf(("copy", "move")),
                "from": FIELD_NAME,
                "to": FIELD_NAME,
                "mode": OneOf(("append", "replace")),
                "rename": TEMPLATE,
            },
        ),
        "mail": Shape(
            required=("to", "subject", "text"),
            keys={
                **_COMMON,
                "to": TEMPLATE,
                "subject": TEMPLATE,
                "text": replace(TEMPLATE, lines=True),
                "attach": FILE_FIELDS,
                "link": FILE_FIELDS,
                "link_lifetime": Single.DURATION,
                "timeout": Single.DURATION,
            },
        ),
        "message": Shape(
            required=("app", "identifier", "message"),
            keys={
                **_COMMON,
                "app": CODE,
                "identifier": TEMPLATE,
                "message": MESSAGE_NAME,
                "set": VALUES,
                "copy": MAPPING,
            },
        ),
        "manual": Shape(keys={}, is_open=True),
    },
)
"""`manual` waits for a person or program to complete it by the API, and keeps its settings unchanged."""

# The whole

TOP = Shape(
    required=("code", "name", "fields", "start"),
    keys={
        "code": CODE,
        "name": LABEL,
        "category": LABEL,
        "description": DESCRIPTION,
        "title": TEMPLATE,
        "process": ELEMENT_NAME,
        "fields": Each(name="field", shape=FIELD, longest=FIELDS_PER_APP),
        "checks": CHECKS,
        "lists": LISTS,
        "start": Shape(keys={"fields": ACCESS, "checks": CHECKS}),
        "notify": NOTIFY,
        "tasks": Pairs(names=ELEMENT_NAME, values=TASK, longest=MAX_ENTRIES),
        "services": Pairs(names=ELEMENT_NAME, values=SERVICE, longest=MAX_ENTRIES),
        "calls": Pairs(names=ELEMENT_NAME, values=CALL, longest=MAX_ENTRIES),
        "messages": Pairs(names=MESSAGE_NAME, values=MESSAGE, longest=MAX_ENTRIES),
        "actions": Pairs(names=ACTION_NUMBER, values=ACTION, longest=MAX_ENTRIES),
    },
    about={
        "code": "Begins every identifier: EVA makes EVA-1, EVA-2, ...",
        "title": "Template of an instance's title, such as {{ product }} ({{ supplier }}).",
        "process": "The id of the BPMN process that runs, if process.bpmn has several.",
        "checks": "Conditions across fields, of every form that lets one of them be filled in.",
        "lists": "Options that several fields can share, by the id of the list.",
        "start": "The form that starts an instance.",
        "notify": "How notifications reach people who have not chosen: at_once, daily, list or none, by kind.",
        "tasks": "Settings of BPMN user tasks (and of plain and manual tasks, which become user tasks), by their id.",
        "services": "Settings of BPMN service tasks, by their id.",
        "calls": "Field mappings of BPMN call activities, by their id.",
        "messages": "The fields that a BPMN message may set, by its name.",
        "actions": "Actions that can be run on an instance over the API, by number.",
    },
)
