"""REST tasks of an `app.yaml`: what is sent, how it signs in, and what is kept of the reply."""

import re
from collections.abc import Mapping
from datetime import timedelta

from satchel.model.app_yaml.document import ScalarNode
from satchel.model.app_yaml.section import Section
from satchel.model.app_yaml.setting_parts import Parts, field_of
from satchel.model.ids import FieldId
from satchel.model.reply_path import parse_path
from satchel.model.services import (
    HEADER_NAME,
    MAX_REDIRECTS,
    METHODS,
    SECRET_NAME,
    SECRET_NAME_HINT,
    Auth,
    AuthKind,
    BodyKind,
    Encoding,
    Keep,
    RestTask,
    Source,
    TextKind,
)
from satchel.model.template import MAX_TEMPLATE_CHARS, Template

REST_TIMEOUT = timedelta(minutes=1)
REST_REPLY_BYTES = 100 * 1024 * 1024

_STATUSES = re.compile(r"[1-5][0-9]{2}(?:-[1-5][0-9]{2})?")
_AUTH_KEYS = {
    AuthKind.BASIC: ("user", "password"),
    AuthKind.BEARER: ("token",),
    AuthKind.HEADER: ("name", "value"),
    AuthKind.OAUTH2: ("token_url", "client_id", "client_secret", "scope"),
}
_SECRET_KEYS = {
    AuthKind.BASIC: "password",
    AuthKind.BEARER: "token",
    AuthKind.HEADER: "value",
    AuthKind.OAUTH2: "client_secret",
}


class Rest(Parts):
    """Reads a REST task."""

    def read(self) -> RestTask | None:
        """Read a call of an HTTP service."""
        section = self.section
        section.require("method", "url")
        method = section.one_of("method", METHODS)
        url = self.template("url")
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
        keep, values = self._output()
        if url is None or method is None:
            return None
        return RestTask(
            method=method,
            url=url,
            headers=self._headers(),
            parameters=self._parameters(),
            body=body,
            text=self.template("text"),
            text_kind=TextKind(section.one_of("type", tuple(TextKind)) or TextKind.JSON),
            file=self.field("file"),
            success=(low, high),
            timeout=section.duration("timeout") or REST_TIMEOUT,
            reply_bytes=section.size_bytes("reply_bytes") or REST_REPLY_BYTES,
            keep=keep,
            values=values,
            redirects=section.integer("redirects", low=0, high=MAX_REDIRECTS) or 0,
            auth=self._auth(),
        )

    def _success(self) -> tuple[int, int]:
        text = self.section.text("success", longest=7, shape=_STATUSES, hint='write "200-299" or "201" in quotes.')
        if text is None:
            return 200, 299
        low, _, high = text.partition("-")
        return int(low), int(high or low)

    def _headers(self) -> Mapping[str, Template]:
        pairs = self.pairs("headers")
        found: dict[str, Template] = {}
        for name in pairs.node.entries if pairs is not None else ():
            text = pairs.text(name, longest=MAX_TEMPLATE_CHARS) if pairs is not None else None
            template = self.parsed(text, self.section.line_of("headers"), checked=True) if text is not None else None
            if not HEADER_NAME.fullmatch(name):
                self.section.note("format", "headers", f"has the header {name[:80]!r}, which is no header's name.")
            elif template is not None:
                found[name] = template
        return found

    def _parameters(self) -> Mapping[str, Source]:
        pairs = self.pairs("parameters")
        found: dict[str, Source] = {}
        for name, node in pairs.node.entries.items() if pairs is not None else ():
            line = pairs.line_of(name) if pairs is not None else 0
            if not isinstance(node, ScalarNode) or node.value is None:
                self.section.note("type", "parameters", f"needs a field, a quoted text or a template for {name[:80]}.")
                continue
            source = self.source(node, line, "values")
            if source is not None:
                found[name] = source
        return found

    def _output(self) -> tuple[Keep | None, Mapping[FieldId, tuple[str | int, ...]]]:
        """Read what is kept of a reply: its bytes, a file inside its JSON, and parts of its JSON by field."""
        node = self.section.node.entries.get("output")
        if node is None:
            return None, {}
        keys = ("binary", "file", "values")
        output = Section(node, name=f"{self.section.name}: output", keys=keys, findings=self.findings)
        place = self.place("binary", output)
        for other in ("values", "file"):
            if "binary" in output and other in output:
                output.note("rest_output", None, f"keeps the whole reply as a file; remove binary or {other}.")
        keep = Keep(encoding=Encoding.BINARY, place=field_of(place)) if place is not None else self._inside(output)
        values: dict[FieldId, tuple[str | int, ...]] = {}
        given = output.node.entries.get("values")
        paths = Section(given, name=output.name, keys=None, findings=self.findings) if given is not None else None
        for name in paths.node.entries if paths is not None else ():
            steps = self._path(paths, name) if paths is not None else None
            self.check_field(name, output.line_of("values"))
            if steps is not None:
                values[FieldId(name)] = steps
        return keep, values

    def _inside(self, output: Section) -> Keep | None:
        """Read which file inside a JSON reply is kept."""
        node = output.node.entries.get("file")
        if node is None:
            return None
        keys = ("to", "path", "encoding", "name")
        inside = Section(node, name=f"{output.name}: file", keys=keys, findings=self.findings)
        inside.require("to", "path", "encoding")
        encoding = inside.one_of("encoding", (Encoding.BASE64, Encoding.URL))
        place, path = self.place("to", inside), self._path(inside, "path")
        if encoding is None or place is None or path is None:
            return None
        return Keep(encoding=Encoding(encoding), place=field_of(place), path=path, name=self._path(inside, "name"))

    def _path(self, section: Section, key: str) -> tuple[str | int, ...] | None:
        text = section.text(key, longest=200)
        steps = parse_path(text) if text is not None else None
        if text is not None and steps is None:
            message = f"{section.name} has the path {text[:80]!r}; write one such as $.order.lines[0].id."
            self.findings.add("format", section.line_of(key), message)
        return steps

    def _auth(self) -> Auth | None:
        node = self.section.node.entries.get("auth")
        if node is None:
            return None
        auth = Section(node, name=f"{self.section.name}: auth", keys=None, findings=self.findings)
        auth.require("type")
        found = auth.one_of("type", tuple(AuthKind))
        if found is None:
            return None
        kind = AuthKind(found)
        keys = _AUTH_KEYS[kind]
        for key in auth.node.entries:
            if key not in ("type", *keys):
                auth.note("unknown_key", key, f"of type {kind} has no key {key[:80]}; it takes {', '.join(keys)}.")
        auth.require(*(key for key in keys if key != "scope"))
        secret = auth.text(_SECRET_KEYS[kind], longest=64, shape=SECRET_NAME, hint=f"name a secret: {SECRET_NAME_HINT}")
        header = auth.text("name", longest=128, shape=HEADER_NAME, hint="write the name of a header.")
        user = auth.text("user" if kind is AuthKind.BASIC else "client_id", longest=200)
        return Auth(
            kind=kind,
            secret=secret or "",
            user=user or "",
            header=header or "Authorization",
            token_url=auth.text("token_url", longest=2_000) or "",
            scope=auth.text("scope", longest=1_000) or "",
        )
