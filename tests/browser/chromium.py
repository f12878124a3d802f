"""Which browser the tests drive: the system's Chromium. Nothing downloads one; `make setup-browser` installs it."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")

ABSENT = "no Chromium on this machine: `make setup-browser` as root, or the package `chromium` of your system"
"""Why browser tests are skipped."""

ARGUMENTS = (
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
"""Keep Chromium from asking its maker's hosts for anything."""


def executable() -> str | None:
    """Return the path of the browser, or None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name)) is not None), None)
