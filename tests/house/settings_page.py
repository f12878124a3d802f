"""Writes docs/reference/settings.md from the table of settings: `make reference`."""

from datetime import timedelta

from house.errors_page import BEGIN, END
from house.tree import ROOT
from satchel.setting_table import SETTINGS, Setting

PAGE = ROOT / "docs" / "reference" / "settings.md"


def default(setting: Setting) -> str:
    """Return a setting's default as one would write it in the environment."""
    match setting.default:
        case None | ():
            return "none"
        case timedelta() as duration:
            return f"`{duration.total_seconds():.0f}`"
        case other:
            return f"`{other}`"


def table() -> str:
    """Return the table of all settings, in Markdown."""
    lines = ["| variable | what it is | allowed | default |", "|---|---|---|---|"]
    lines += [
        f"| `{setting.variable}` | {setting.meaning} | {setting.allowed} | {default(setting)} |" for setting in SETTINGS
    ]
    return "\n".join(lines)


def render(page: str) -> str:
    """Return the page with its generated part made anew."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
