"""The services of an `app.yaml`: what each kind may be told, and everything that is wrong with it."""

import re
from collections.abc import Collection, Mapping
from datetime import timedelta

from satchel.model.app import BUILT_IN_NAMES, Service
from satchel.model.document import ScalarNode, plain
from satchel.model.ids import FieldId
from satchel.model.manifest_fields import FIELD_ID, FIELD_ID_HINT
from satchel.model.reply_path import parse_path
from satchel.model.section import Findings, Section, meant
from satchel.model.services import (
    BodyKind,
    Do,
    FilesTask,
    InstanceTask,
    Literal,
    OnFailure,
    RestTask,
    Retry,
    ServiceTask,
    Source,
    TextKind,
)
from satchel.model.template import MAX_TEMPLATE_CHARS, BadTemplateError, Template, parse_template

SERVICE_KINDS = ("rest", "instance", "files", "mail", "message", "manual")
"""What a service task may do; `manual` waits for a person or program to complete it by the API."""

ALL = "all"
TAB = "attachments"
"""How the attachments tab is named beside file fields."""

MAX_ATTEMPTS = 100

_COMMON = ("kind", "inputs", "retry", "on_failure")
_KEYS: Mapping[str, tuple[str, ...]] = {
    "instance": (*_COMMON, "do", "app", "identifier", "set", "copy", "result"),
    "files": (*_COMMON, "do", "from", "to", "mode", "rename"),
    "rest": (
        *(*_COMMON, "method", "url", "headers", "parameters", "body", "text", "type", "file"),
        *("success", "timeout", "reply_bytes", "output"),
    ),
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REST_TIMEOUT = timedelta(minutes=1)
REST_REPLY_BYTES = 100 * 1024 * 1024

_STATUSES = re.compile(r"[1-5][0-9]{2}(?:-[1-5][0-9]{2})?")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_CODE = re.compile(r"[A-Z][A-Z0-9]{0,15}")
_CODE_HINT = "use 1 to 16 of A-Z and 0-9, beginning with a letter."
_QUOTED = re.compile(r"'(.*)'", re.DOTALL)


def read_service(section: Section, inputs: tuple[FieldId, ...], ids: Collection[str], findings: Findings) -> Service:
    """Read one service task; of a kind that waits to be completed by hand, the settings are kept as they are.

    Args:
        section: the whole entry.
        inputs: the fields that may be set by hand, read already.
        ids: of all fields of the app.
        findings: takes what is wrong.
    """
    section.require("kind")
    kind = section.one_of("kind", SERVICE_KINDS) or ""
    keys = _KEYS.get(kind)
    for key in section.node.entries if keys is not None else ():
        if keys is not None and key not in keys:
            section.note("unknown_key", key, f"of kind {kind} has no key {key[:80]}{meant(key, keys)}")
    reader = _Services(section, ids, findings)
    task: ServiceTask | None = None
    if kind == "instance":
        task = reader.instance()
    elif kind == "files":
        task = reader.files()
    elif kind == "rest":
        task = reader.rest()
    settings = {key: plain(entry) for key, entry in section.node.entries.items() if key not in ("kind", "inputs")}
    return Service(
        kind=kind,
        inputs=inputs,
        settings=settings,
        task=task,
        retry=reader.retry() if task is not None else Retry(),
        on_failure=OnFailure(section.one_of("on_failure", tuple(OnFailure)) or OnFailure.INCIDENT)
        if task is not None
        else OnFailure.INCIDENT,
    )


class _Services:
    """Reads the settings of one service task."""

    def __init__(self, section: Section, ids: Collection[str], findings: Findings) -> None:
        self._section = section
        self._ids = ids
        self._findings = findings

    def retry(self) -> Retry:
        """Read how often and how long it is tried."""
        node = self._section.node.entries.get("retry")
        if node is None:
            return Retry()
        retry = Section(
            node,
            name=f"{self._section.name}: retry",
            keys=("attempts", "pause", "deadline"),
            findings=self._findings,
        )
        given = Retry()
        return Retry(
            attempts=retry.integer("attempts", low=1, high=MAX_ATTEMPTS) or given.attempts,
            pause=retry.duration("pause") or given.pause,
            deadline=retry.duration("deadline") or timedelta(days=1),
        )

    def instance(self) -> InstanceTask | None:
        """Read what is done with another instance."""
        section = self._section
        section.require("do", "app")
        do = section.one_of("do", tuple(Do))
        app = section.text("app", longest=16, shape=_CODE, hint=_CODE_HINT)
        identifier = self._template("identifier")
        if do in (Do.UPDATE, Do.GET) and "identifier" not in section:
            section.note("missing_key", None, 'has no identifier of the instance; write identifier: "{{ field }}".')
        if do == Do.CREATE and "identifier" in section:
            section.note("unknown_key", "identifier", "creates an instance, which gets its identifier by itself.")
        ours = "keys" if do == Do.GET else "values"
        task = InstanceTask(
            do=Do(do or Do.CREATE),
            app=app or "",
            identifier=identifier,
            set=self._set(ours),
            copy=self._copy(ours),
            result=self._field("result"),
        )
        return task if do is not None and app is not None else None

    def files(self) -> FilesTask | None:
        """Read a copy or move within the instance."""
        section = self._section
        section.require("do", "from", "to")
        do = section.one_of("do", ("copy", "move"))
        mode = section.one_of("mode", ("replace", "append"))
        source, target = self._place("from"), self._place("to")
        if source is not None and source == target:
            section.note("same_place", "to", f"copies from {source} to the same place.")
        return FilesTask(
            move=do == "move",
            source=_field_of(source),
            target=_field_of(target),
            replace=mode == "replace",
            rename=self._template("rename"),
        )

    def rest(self) -> RestTask | None:
        """Read a call of an HTTP service."""
        section = self._section
        section.require("method", "url")
        method = section.one_of("method", METHODS)
        url = self._template("url")
        body = BodyKind(section.one_of("body", tuple(BodyKind)) or BodyKind.JSON)
        for kind, keys in ((BodyKind.TEXT, ("text", "type")), (BodyKind.FILE, ("file",))):
            for key in keys:
                if key in section and body is not kind:
                    section.note("unknown_key", key, f"has {key} but not body: {kind}.")
        if body in (BodyKind.TEXT, BodyKind.FILE):
            section.require(body.value)
        if method == "GET" and "body" in section:
            section.note("rest_body", "body", "is a GET, which sends its parameters in the address; remove body.")
        low, high = self._success()
        keeps, keep_in, values = self._output()
        if url is None or method is None:
            return None
        return RestTask(
            method=method,
            url=url,
            headers=self._headers(),
            parameters=self._parameters(),
            body=body,
            text=self._template("text"),
            text_kind=TextKind(section.one_of("type", tuple(TextKind)) or TextKind.JSON),
            file=self._field("file"),
            success=(low, high),
            timeout=section.duration("timeout") or REST_TIMEOUT,
            reply_bytes=section.size_bytes("reply_bytes") or REST_REPLY_BYTES,
            keeps=keeps,
            keep_in=keep_in,
            values=values,
        )

    def _success(self) -> tuple[int, int]:
        text = self._section.text("success", longest=7, shape=_STATUSES, hint='write "200-299" or "201" in quotes.')
        if text is None:
            return 200, 299
        low, _, high = text.partition("-")
        return int(low), int(high or low)

    def _headers(self) -> Mapping[str, Template]:
        pairs = self._pairs("headers")
        found: dict[str, Template] = {}
        for name in pairs.node.entries if pairs is not None else ():
            text = pairs.text(name, longest=MAX_TEMPLATE_CHARS) if pairs is not None else None
            template = self._parsed(text, self._section.line_of("headers"), checked=True) if text is not None else None
            if not _HEADER.fullmatch(name):
                self._section.note("format", "headers", f"has the header {name[:80]!r}, which is no header's name.")
            elif template is not None:
                found[name] = template
        return found

    def _parameters(self) -> Mapping[str, Source]:
        pairs = self._pairs("parameters")
        found: dict[str, Source] = {}
        for name, node in pairs.node.entries.items() if pairs is not None else ():
            line = pairs.line_of(name) if pairs is not None else 0
            if not isinstance(node, ScalarNode) or node.value is None:
                self._section.note("type", "parameters", f"needs a field, a quoted text or a template for {name[:80]}.")
                continue
            source = self._source(node.value if isinstance(node.value, str) else node.text, node, line, "values")
            if source is not None:
                found[name] = source
        return found

    def _output(self) -> tuple[bool, FieldId | None, Mapping[FieldId, tuple[str | int, ...]]]:
        """Read what is kept of a reply: its bytes, and where, or parts of its JSON by field."""
        node = self._section.node.entries.get("output")
        if node is None:
            return False, None, {}
        output = Section(node, name=f"{self._section.name}: output", keys=("binary", "values"), findings=self._findings)
        place = output.text("binary", longest=64, shape=FIELD_ID, hint=FIELD_ID_HINT)
        if place is not None and place != TAB:
            self._check_field(place, output.line_of("binary"))
        if "binary" in output and "values" in output:
            output.note("rest_output", None, "keeps the reply as a file or takes values from it; remove one.")
        values: dict[FieldId, tuple[str | int, ...]] = {}
        given = output.node.entries.get("values")
        paths = Section(given, name=output.name, keys=None, findings=self._findings) if given is not None else None
        for name in paths.node.entries if paths is not None else ():
            text = paths.text(name, longest=200) if paths is not None else None
            steps = parse_path(text) if text is not None else None
            line = output.line_of("values")
            if text is not None and steps is None:
                message = f"{output.name} has the path {text[:80]!r}; write one such as $.order.lines[0].id."
                self._findings.add("format", line, message)
            self._check_field(name, line)
            if steps is not None:
                values[FieldId(name)] = steps
        return place is not None, _field_of(place), values

    def _place(self, key: str) -> str | None:
        text = self._section.text(key, longest=64, shape=FIELD_ID, hint=FIELD_ID_HINT)
        if text is not None and text != TAB:
            self._check_field(text, self._section.line_of(key))
        return text

    def _field(self, key: str) -> FieldId | None:
        text = self._section.text(key, longest=64, shape=FIELD_ID, hint=FIELD_ID_HINT)
        if text is None:
            return None
        self._check_field(text, self._section.line_of(key))
        return FieldId(text)

    def _check_field(self, name: str, line: int) -> None:
        if name not in self._ids:
            message = (
                f"{self._section.name} names the field {name[:80]!r}, which does not exist{meant(name, self._ids)}"
            )
            self._findings.add("unknown_field", line, message)

    def _template(self, key: str) -> Template | None:
        text = self._section.text(key, longest=MAX_TEMPLATE_CHARS)
        return None if text is None else self._parsed(text, self._section.line_of(key), checked=True)

    def _parsed(self, text: str, line: int, *, checked: bool) -> Template | None:
        try:
            return parse_template(text, {*self._ids, *BUILT_IN_NAMES} if checked else None)
        except BadTemplateError as error:
            self._findings.add("template", line, f"{self._section.name} has a template that cannot be used: {error}.")
            return None

    def _pairs(self, key: str) -> Section | None:
        """Return a mapping; None where it is absent or says `all`."""
        node = self._section.node.entries.get(key)
        if node is None or (isinstance(node, ScalarNode) and node.value == ALL):
            return None
        return Section(node, name=f"{self._section.name}: {key}", keys=None, findings=self._findings)

    def _set(self, ours: str) -> Mapping[FieldId, Source] | None:
        pairs = self._pairs("set")
        if pairs is None:
            return None if "set" in self._section else {}
        found: dict[FieldId, Source] = {}
        for target, node in pairs.node.entries.items():
            line = pairs.line_of(target)
            if not self._is_target(target, line, pairs.name, ours):
                continue
            if not isinstance(node, ScalarNode) or node.value is None:
                pairs.note("type", target, f"needs a field, a text in quotes or a template for {target}.")
                continue
            source = self._source(str(node.text) if not isinstance(node.value, str) else node.value, node, line, ours)
            if source is not None:
                found[FieldId(target)] = source
        return found

    def _source(self, text: str, node: ScalarNode, line: int, ours: str) -> Source | None:
        if isinstance(node.value, bool | int):
            return Literal(value=node.value)
        quoted = _QUOTED.fullmatch(text)
        if quoted is not None:
            return Literal(value=quoted[1])
        if not isinstance(node.value, str):
            return Literal(value=text)
        is_ours = ours == "values"
        if "{{" in text:
            return self._parsed(text, line, checked=is_ours)
        if not FIELD_ID.fullmatch(text):
            hint = 'write the id of a field, "\'a literal\'" in two pairs of quotes, or "{{ a template }}".'
            self._findings.add("format", line, f"{self._section.name} takes a value from {text[:80]!r}; {hint}")
            return None
        if is_ours and text not in BUILT_IN_NAMES:
            self._check_field(text, line)
        return FieldId(text)

    def _copy(self, ours: str) -> Mapping[FieldId, FieldId] | None:
        pairs = self._pairs("copy")
        if pairs is None:
            return None if "copy" in self._section else {}
        found: dict[FieldId, FieldId] = {}
        for target in pairs.node.entries:
            line = pairs.line_of(target)
            source = pairs.text(target, longest=64, shape=FIELD_ID, hint=FIELD_ID_HINT)
            if source is None or not self._is_target(target, line, pairs.name, ours):
                continue
            if ours == "values":
                self._check_field(source, line)
            found[FieldId(target)] = FieldId(source)
        return found

    def _is_target(self, target: str, line: int, where: str, ours: str) -> bool:
        if not FIELD_ID.fullmatch(target):
            self._findings.add("format", line, f"{where} has the key {target[:80]!r}; {FIELD_ID_HINT}")
            return False
        if ours == "keys":
            self._check_field(target, line)
        return True


def _field_of(place: str | None) -> FieldId | None:
    return None if place is None or place == TAB else FieldId(place)
