"""What native endpoints have in common to say of themselves: answers, request headers, and groups of refusals."""

from dataclasses import replace

import msgspec

from satchel.model.errors import (
    BadFile,
    Conflict,
    Forbidden,
    InvalidState,
    InvalidValues,
    OverQuota,
    PreconditionFailed,
    PreconditionRequired,
)
from satchel.surfaces.kit.endpoints import Answer, Refusals
from satchel.surfaces.kit.ignored import IGNORED

IF_MATCH = ("If-Match",)
"""The request header that names the revision that a change is made for."""

IF_MATCH_REQUIRED = ("If-Match!",)
"""The same, where a change without it is refused."""

RANGE = ("Range", "If-Range", "If-None-Match")
"""The request headers of a download."""

CHANGED: Refusals = (PreconditionFailed,)
"""What If-Match may be refused with."""

CHANGED_OR_MISSING: Refusals = (PreconditionFailed, PreconditionRequired)
"""What a required If-Match may be refused with."""

FORM: Refusals = (Forbidden, InvalidValues, InvalidState, Conflict, BadFile, OverQuota)
"""What values and uploads for a form may be refused with."""

NOTHING = (Answer(status=204),)
"""Done, and nothing to say."""


def shows(body: type[msgspec.Struct], *headers: str) -> tuple[Answer, ...]:
    """Return the one answer of an endpoint that shows something."""
    return (Answer(body=body, headers=headers),)


def makes(body: type[msgspec.Struct], *headers: str) -> tuple[Answer, ...]:
    """Return the one answer of an endpoint that makes something."""
    return (Answer(status=201, body=body, headers=headers),)


def shows_if_visible(body: type[msgspec.Struct], what: str) -> tuple[Answer, ...]:
    """Return the answers of a change: the thing as it is now, or nothing to a caller who may not see it any more."""
    return (
        Answer(body=body, headers=("ETag",)),
        Answer(status=204, note=f"Done; the caller may not see the {what} any more."),
    )


def of_form(answers: tuple[Answer, ...]) -> tuple[Answer, ...]:
    """Return the answers to a filled-in form: they name the fields that rules hide."""
    return tuple(replace(answer, headers=(*answer.headers, IGNORED)) for answer in answers)


def sends(*media_types: str, headers: tuple[str, ...] = ()) -> tuple[Answer, ...]:
    """Return the answers of a download, which honours Range and If-None-Match."""
    whole = ("Content-Disposition", "Content-Length", "ETag", "Accept-Ranges", *headers)
    return (
        Answer(media_types=media_types, headers=whole),
        Answer(status=206, media_types=media_types, headers=(*whole, "Content-Range"), note="The range asked for."),
        Answer(status=304, headers=("ETag",), note="The client has these bytes already."),
    )
