"""Form templates: the apps that have a task. What is made here is an app of one form, which may be changed here too."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from satchel.actions.apps import deploying, templates
from satchel.actions.apps.templates import CATEGORY, PreviousTemplate, Write
from satchel.actions.lists import tasks
from satchel.actions.lists.tasks import TaskFilter
from satchel.actions.loading import LoadedApp
from satchel.model.app_yaml.bundle import MANIFEST_FILE, PROCESS_FILE
from satchel.model.app_yaml.field_settings import MAX_STARS
from satchel.model.app_yaml.plain_process import TASK, plain_process
from satchel.model.errors import Conflict
from satchel.model.fields import Field, FieldType
from satchel.model.ids import AppId
from satchel.surfaces.kit.endpoints import Endpoint, endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.given import refused
from satchel.surfaces.navixy import errors, forms, names, outputs, values
from satchel.surfaces.navixy.addresses import BASE
from satchel.surfaces.navixy.inputs import Inputs, wants_iso

MAX_LABEL_CHARS = 100
MAX_DESCRIPTION_CHARS = 1_024
MAX_FIELD_DESCRIPTION_CHARS = 512
MAX_TEXT_CHARS = 1_024
MAX_OPTIONS = 500
MAX_EXTENSIONS = 16
MAX_EXTENSION_CHARS = 30

_CONTROL = re.compile(r"[\r\x7f-\x9f]")
_NOT_IN_YAML = re.compile(r"[\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON leaves as it is and YAML takes for a line break, or not at all."""


async def listing(exchange: Exchange) -> Reply:
    """List form templates: the apps that one knows of and that have a task."""
    iso = await wants_iso(exchange)
    found = await forms.templates(exchange)
    return outputs.success(list=[await _shown(exchange, app, iso=iso) for app in found])


async def read(exchange: Exchange) -> Reply:
    """Return a form template."""
    given = await Inputs.read(exchange)
    iso = await wants_iso(exchange)
    loaded = await forms.template(exchange, AppId(given.integer("template_id")))
    return outputs.success(value=await _shown(exchange, loaded, iso=iso))


async def _shown(exchange: Exchange, loaded: LoadedApp, *, iso: bool) -> dict[str, object]:
    versions = await deploying.versions(exchange.context, exchange.actor, loaded.manifest.code)
    form = next(iter(loaded.manifest.tasks.values()))
    fields = values.shown(loaded.manifest.fields, form)
    return outputs.without_nulls(
        {
            "id": loaded.app_id,
            "label": loaded.manifest.name[:MAX_LABEL_CHARS],
            "description": loaded.manifest.description or None,
            "version": loaded.number,
            "fields": [values.field(one, required=forms.is_required(form, one.id)) for one in fields],
            "created": outputs.date(exchange, versions[-1].deployed_at, iso),
            "updated": outputs.date(exchange, versions[0].deployed_at, iso),
            "submit_in_zone": False,
            "default": False,
        }
    )


async def stats(exchange: Exchange) -> Reply:
    """Return how many tasks of an app there are, by status."""
    given = await Inputs.read(exchange)
    app = AppId(given.integer("template_id"))
    await forms.template(exchange, app)
    wanted = TaskFilter(app=app, no_checkins=True)
    found = await tasks.counted(exchange.context, exchange.actor, wanted)
    counts: dict[str, int] = {}
    for state, number in found.items():
        counts[outputs.status(state)] = counts.get(outputs.status(state), 0) + number
    return outputs.success(tasks=counts, scheduled=0)


async def create(exchange: Exchange) -> Reply:
    """Make a template."""
    given = Inputs((await Inputs.read(exchange)).mapping("template"), within="template")
    return outputs.success(id=await templates.create(exchange.context, exchange.actor, _writer(given)))


async def update(exchange: Exchange) -> Reply:
    """Write a template anew; forms that there are stay as they are."""
    given = Inputs((await Inputs.read(exchange)).mapping("template"), within="template")
    write = _writer(given)
    errors.speak(exchange, {Conflict: 230})
    found = await forms.template(exchange, AppId(given.integer("id")))
    await templates.update(exchange.context, exchange.actor, found.manifest.code, write)
    return outputs.success()


async def delete(exchange: Exchange) -> Reply:
    """Take a template away; forms that there are stay."""
    given = await Inputs.read(exchange)
    errors.speak(exchange, {Conflict: 230})
    found = await forms.template(exchange, AppId(given.integer("template_id")))
    await templates.withdraw(exchange.context, exchange.actor, found.manifest.code)
    return outputs.success()


def _writer(given: Inputs) -> Write:
    """Return what makes the bundle of a template as it was given; all of it is checked at once."""
    label = _line(given, "label", MAX_LABEL_CHARS)
    description = _description(given, MAX_DESCRIPTION_CHARS)
    for name in ("default", "fields"):
        given.need(name)
    given.flag("default")
    given.flag("submit_in_zone")
    items = given.sequence("fields")
    if not 1 <= len(items) <= values.MAX_FIELDS:
        raise refused("template.fields", f"size must be between 1 and {values.MAX_FIELDS}")
    fields = [_Declared(Inputs(_object(item), within="template.fields")) for item in items]
    if sum(field.has_files for field in fields) > values.MAX_FILE_FIELDS:
        raise refused("template.fields", f"must have {values.MAX_FILE_FIELDS} fields of type file at most")
    ids = [field.id for field in fields]
    if len(set(ids)) != len(ids):
        raise refused("template.fields.id", "must be unique")

    def write(code: str, earlier: PreviousTemplate) -> Mapping[str, bytes]:
        free = iter(range(max(earlier.numbers.values(), default=0) + 1, 2**31))
        before = {field.id: field for field in earlier.fields}
        manifest: dict[str, object] = {
            "code": code,
            "name": label,
            "category": CATEGORY,
            "description": description,
            "fields": [
                {"number": earlier.numbers.get(one.id) or next(free), **one.as_manifest(before.get(one.id))}
                for one in fields
            ],
            "start": dict[str, object](),
            "tasks": {TASK: {"fields": {one.id: one.access for one in fields}}},
        }
        source = _NOT_IN_YAML.sub(_escaped, json.dumps(manifest, ensure_ascii=False, indent=1))
        return {MANIFEST_FILE: source.encode(), PROCESS_FILE: plain_process(label)}

    return write


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _object(item: object) -> Mapping[str, object]:
    return Inputs({"fields": item}, within="template").mapping("fields")


def _line(given: Inputs, name: str, longest: int) -> str:
    given.need(name)
    return given.line_or_none(name, longest=longest) or ""


def _description(given: Inputs, longest: int) -> str:
    """Return a description of any number of lines; an empty one where there is none."""
    if not given.raw("description"):
        return ""
    text = given.text("description", longest=longest).replace("\r\n", "\n")
    if _CONTROL.search(text):
        raise given.refusal("description", "must not hold control characters")
    return text


class _Declared:
    """A field of a template as it was given."""

    def __init__(self, given: Inputs) -> None:
        theirs = given.text("id", longest=names.MAX_CHARS)
        if not names.THEIRS.fullmatch(theirs):
            raise given.refusal("id", "must be of letters, digits, - and _")
        self.id = names.to_ours(theirs)
        self._label = _line(given, "label", MAX_LABEL_CHARS)
        self._description = _description(given, MAX_FIELD_DESCRIPTION_CHARS)
        self._type = given.text("type", longest=40)
        if self._type not in _READERS:
            raise given.refusal("type", f"must be of {', '.join(_READERS)}")
        self._is_required = given.flag("required")
        if self._is_required and self._type == "separator":
            raise given.refusal("required", "must be false: a separator has no value")
        self._options = _labels(given, self._type)
        self._kind, read_limits = _READERS[self._type]
        self._limits = read_limits(given)
        least = {"text": "min_length", "checkbox_group": "min_checked"}.get(self._type)
        if self._is_required and least is not None and not self._limits[least]:
            raise given.refusal(least, "must be at least 1, for the field is required")

    @property
    def has_files(self) -> bool:
        """Whether it is of type file."""
        return self._type == "file"

    @property
    def access(self) -> str:
        """What the form lets its user do with it."""
        if self._type == "separator":
            return "read"
        return "require" if self._is_required else "edit"

    def as_manifest(self, before: Field | None) -> dict[str, object]:
        """Return it as `app.yaml` has it, without a number; options keep their ids where it had them before."""
        options = {"options": self._named_options(before)} if self._options else {}
        return {
            "id": self.id,
            "label": self._label,
            "description": self._description,
            "type": self._kind,
            **self._limits,
            **options,
        }

    def _named_options(self, before: Field | None) -> list[dict[str, str]]:
        prefix = values.RADIO if self._type == "radio_group" else "o"
        known = [one for one in before.limits.options if one.id.startswith(prefix)] if before is not None else []
        left = {one.label: one.id for one in reversed(known)}
        taken = {one.id for one in known}
        fresh = (name for number in range(1, 2 * MAX_OPTIONS + 2) if (name := f"{prefix}{number}") not in taken)
        return [{"id": left.pop(label) if label in left else next(fresh), "label": label} for label in self._options]


_LISTS = {"checkbox_group": "group", "dropdown": "options", "radio_group": "options"}


def _labels(given: Inputs, kind: str) -> Sequence[str]:
    name = _LISTS.get(kind)
    if name is None:
        return ()
    items = given.sequence(name)
    if not 1 <= len(items) <= MAX_OPTIONS:
        raise given.refusal(name, f"size must be between 1 and {MAX_OPTIONS}")
    within = f"template.fields.{name}"
    objects = (Inputs({name: item}, within="template.fields").mapping(name) for item in items)
    return [_line(Inputs(one, within=within), "label", MAX_LABEL_CHARS) for one in objects]


def _text(given: Inputs) -> dict[str, object]:
    longest = given.integer("max_length", low=1, high=MAX_TEXT_CHARS)
    return {"min_length": given.integer("min_length", high=longest), "max_length": longest}


def _checkboxes(given: Inputs) -> dict[str, object]:
    most = given.integer("max_checked", low=1, high=max(1, len(given.sequence("group"))))
    return {"min_checked": given.integer("min_checked", high=most), "max_checked": most}


def _date(given: Inputs) -> dict[str, object]:
    return {name: given.flag(name) for name in ("disable_future", "disable_past")}


def _rating(given: Inputs) -> dict[str, object]:
    return {"max_stars": given.integer("max_stars", low=1, high=MAX_STARS)}


def _file(given: Inputs) -> dict[str, object]:
    most = given.integer("max_file_size", low=1, high=values.MAX_FILE_BYTES)
    found: dict[str, object] = {
        "max_bytes": most,
        "min_bytes": given.integer_or("min_file_size", 0, high=most),
        "max_files": values.MAX_UNSUBMITTED,
    }
    if "allowed_extensions" in given:
        endings = given.texts("allowed_extensions")
        if not 1 <= len(endings) <= MAX_EXTENSIONS or not all(map(_is_ending, endings)):
            raise given.refusal("allowed_extensions", f"must be 1 to {MAX_EXTENSIONS} of the kind of pdf")
        found["accept"] = _accepted(endings)
    return found


def _is_ending(ending: str) -> bool:
    return ending.isascii() and ending.isalnum() and len(ending) <= MAX_EXTENSION_CHARS


def _accepted(endings: Iterable[str]) -> list[str]:
    return [f".{ending.lower()}" for ending in endings]


def _photo(given: Inputs) -> dict[str, object]:
    return {"max_files": given.integer("max_files", low=1, high=values.MAX_UNSUBMITTED)}


def _nothing(given: Inputs) -> dict[str, object]:
    del given
    return {}


_READERS: Mapping[str, tuple[FieldType, Callable[[Inputs], dict[str, object]]]] = {
    "text": (FieldType.MULTILINE, _text),
    "checkbox_group": (FieldType.CHOICES, _checkboxes),
    "dropdown": (FieldType.CHOICE, _nothing),
    "radio_group": (FieldType.CHOICE, _nothing),
    "date": (FieldType.DATE, _date),
    "rating": (FieldType.RATING, _rating),
    "file": (FieldType.FILE, _file),
    "photo": (FieldType.PHOTO, _photo),
    "signature": (FieldType.SIGNATURE, _nothing),
    "separator": (FieldType.SEPARATOR, _nothing),
}
"""What each of their types is here, and how its limits are read."""


ENDPOINTS: tuple[Endpoint, ...] = (
    *get_or_post(f"{BASE}/form/template/list", listing),
    *get_or_post(f"{BASE}/form/template/read", read),
    *get_or_post(f"{BASE}/form/template/stats/read", stats),
    endpoint("POST", f"{BASE}/form/template/create", create),
    endpoint("POST", f"{BASE}/form/template/update", update),
    *get_or_post(f"{BASE}/form/template/delete", delete),
)
"""The routes of this module."""
