"""Where the Alloy Navigator surface's calls are, and how an address that was spelled otherwise is read."""

PREFIX = "/alloy"
BASE = f"{PREFIX}/api"

_VERSIONS = ("v1", "v2")


def normal_path(path: str) -> str:
    """Return an address as the routes spell it: lower-case, slashes once, no version and no slash at the end."""
    words = [word for word in path.lower().split("/") if word]
    if len(words) > 2 and words[1] == "api" and words[2] in _VERSIONS:  # noqa: PLR2004  # alloy, api, version
        del words[2]
    return "/" + "/".join(words)
