"""What an answer says of values that changed nothing, on every surface in the same way: in a header.

Vendors' clients know nothing of rules of forms, and their answers have no place for it.
"""

from typing import Final

from satchel.actions.instances.forms import Submission

IGNORED: Final = "Satchel-Ignored"
"""The header that names the fields that are hidden, so that what was sent for them changed nothing."""

MAX_CHARS = 2_000


def ignored(given: Submission) -> dict[str, str]:
    """Return the header of an answer to what was given, once it is saved; none where nothing was ignored."""
    if not given.ignored:
        return {}
    named = ", ".join(given.ignored)
    return {IGNORED: named if len(named) <= MAX_CHARS else f"{named[:MAX_CHARS].rpartition(', ')[0]}, ..."}
