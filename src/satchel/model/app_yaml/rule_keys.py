"""The keys of the rules of forms: when fields are shown and required, what they hold, which values fit together."""

import re
from collections.abc import Mapping

from satchel.model.app import Access
from satchel.model.app_yaml.shapes import Each, Kind, OneOf, Pairs, Shape, Single, Text, WordOr

MAX_LABEL_CHARS = 200
MAX_OPTIONS = 500
MAX_CHECKS = 100
MAX_LISTS = 100

FIELD_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")

LABEL = Text(longest=MAX_LABEL_CHARS)
FIELD_NAME = Text(
    longest=64, shape=FIELD_ID, hint="use a-z, 0-9 and _, beginning with a letter, at most 64 characters."
)
"""The id of a field of this or another app; for files also `attachments`."""
OPTION_NAME = Text(
    longest=64,
    shape=re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"),
    hint="use letters, digits, and _ . - inside, at most 64 characters.",
)
CODE = Text(
    longest=16,
    shape=re.compile(r"[A-Z][A-Z0-9]{0,15}"),
    hint="use 1 to 16 of A-Z and 0-9, beginning with a letter.",
)
MESSAGE = Text(longest=500)

OPTIONS_FROM = Shape(
    keys={
        "list": FIELD_NAME,
        "app": CODE,
        "field": FIELD_NAME,
        "where": Pairs(names=FIELD_NAME, values=Single.SOURCE, longest=10),
    },
    about={
        "list": "The id of a list of this file.",
        "app": "The code of another app; its instances have the options as values.",
        "field": "The searchable field of that app.",
        "where": "Only options for which this is so: a key of the list or a field of the other app, and its value.",
    },
)
RULES: Mapping[str, Kind] = {
    "show_if": Single.EXPRESSION,
    "require_if": Single.EXPRESSION,
    "default": Single.EXPRESSION,
    "compute": Single.EXPRESSION,
    "options_from": OPTIONS_FROM,
}
"""The rules that a field may have."""

ACCESS_WORD = OneOf(tuple(Access))
ACCESS = Pairs(
    values=WordOr(
        words=ACCESS_WORD,
        key="access",
        shape=Shape(required=("access",), keys={"access": ACCESS_WORD, **RULES}),
    )
)
"""The access of a form's user by field: a word, or a mapping with the field's rules in this form."""

CHECKS = Each(
    name="check",
    longest=MAX_CHECKS,
    shape=Shape(
        required=("if", "message"),
        keys={"if": Single.EXPRESSION, "message": MESSAGE, "field": FIELD_NAME},
        about={
            "if": "The condition that values must meet.",
            "message": "What people are told where they do not.",
            "field": "The field that the message stands at.",
        },
    ),
)
LISTS = Pairs(
    names=FIELD_NAME,
    values=Each(
        name="entry",
        longest=MAX_OPTIONS,
        shortest=1,
        shape=Shape(required=("id", "label"), keys={"id": OPTION_NAME, "label": LABEL}, is_open=True),
    ),
    longest=MAX_LISTS,
)
