"""Lets only such packages be built that contain the web application; an editable install takes what the folder has.

The application is built by Node before (`make wheel` does both), so that building a package needs Python only.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STATIC = "src/satchel/surfaces/ui/static"
COMPRESSED = (".css", ".html", ".js", ".svg")
ENDINGS = (".br", ".gz")


class WebApplicationHook(BuildHookInterface[Any]):
    """Refuses to build a wheel or a source package without the application and its compressed files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Check that everything is there.

        Raises:
            FileNotFoundError: it is not; run `make wheel`.
        """
        del build_data
        if version == "editable":
            return
        static = Path(self.root) / STATIC
        missing = [] if (static / "index.html").is_file() else [static / "index.html"]
        for path in sorted(static.rglob("*")):
            if path.suffix in COMPRESSED:
                beside = [path.with_name(path.name + ending) for ending in ENDINGS]
                missing += [one for one in beside if not one.is_file()]
        if missing:
            what = missing[0].relative_to(self.root)
            raise FileNotFoundError(f"{what} is missing: build the web application first, or both with `make wheel`.")
