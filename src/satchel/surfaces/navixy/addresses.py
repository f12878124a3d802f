"""Where the Navixy surface's calls are, and how an address that was spelled otherwise is read."""

PREFIX = "/navixy"
BASE = f"{PREFIX}/v2"

_FIELD_SERVICE = f"{BASE}/fsm/"
"""The second base, which newer clients use for every call."""


def normal_path(path: str) -> str:
    """Return an address as the routes spell it: without the field-service base and a slash at the end."""
    bare = path.rstrip("/")
    return f"{BASE}/{bare.removeprefix(_FIELD_SERVICE)}" if bare.startswith(_FIELD_SERVICE) else bare
