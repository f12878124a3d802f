"""REST tasks of an `app.yaml`: the request, its sign-in, and the kept parts of the reply."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeAlias

from satchel.model.app_yaml.section import Section
from satchel.model.app_yaml.setting_parts import SettingsReader, field_of
from satchel.model.ids import FieldId
from satchel.model.reply_path import parse_path
from satchel.model.services import Auth, AuthKind, BodyKind, Encoding, KeptFile, RestTask, Source, TextKind
from satchel.model.template import Template

Path: TypeAlias = tuple[str | int, ...]
"""A path in a JSON reply."""

REST_TIMEOUT = timedelta(minutes=1)
REST_REPLY_BYTES = 100 * 1024 * 1024


class Rest(SettingsReader):
    """Reads a REST task."""

    def read(self) -> RestTask | None:
        """Read a call of an HTTP service."""
        section = self.section
        method, url = section.one_of("method"), self.template("url")
        body = BodyKind(section.one_of("body") or BodyKind.JSON)
        for kind, keys in ((BodyKind.TEXT, ("text", "type")), (BodyKind.FILE, ("file",))):
            for key in keys:
                if key in section and body is not kind:
                    section.note("unknown_key", key, f"has {key} but not body: {kind}.")
        if body in (BodyKind.TEXT, BodyKind.FILE):
            section.require(body.value)
        if method == "GET" and "body" in section:
            section.note("rest_body", "body", "is a GET, which sends its parameters in the address; remove body.")
        keep, values, is_required = self._output()
        task = RestTask(
            method=method or "",
            url=url or Template(parts=()),
            headers=self._headers(),
            parameters=self._parameters(),
            body=body,
            text=self.template("text"),
            text_kind=TextKind(section.one_of("type") or TextKind.JSON),
            file=self.field("file"),
            success=self._success(),
            timeout=section.duration("timeout") or REST_TIMEOUT,
            reply_bytes=section.size_bytes("reply_bytes") or REST_REPLY_BYTES,
            keep=keep,
            values=values,
            is_required=is_required,
            until_close=section.boolean("reply_until_close") or False,
            redirects=section.integer("redirects") or 0,
            auth=self._auth(),
        )
        return task if method is not None and url is not None else None

    def _success(self) -> tuple[int, int]:
        text = self.section.text("success")
        if text is None:
            return 200, 299
        low, _, high = text.partition("-")
        return int(low), int(high or low)

    def _headers(self) -> Mapping[str, Template]:
        pairs = self.section.part("headers")
        found: dict[str, Template] = {}
        if pairs is None:
            return found
        for name in pairs.names():
            text = pairs.text(name)
            template = self.parsed(text, pairs.line_of(name), checked=True) if text is not None else None
            if template is not None:
                found[name] = template
        return found

    def _parameters(self) -> Mapping[str, Source]:
        pairs = self.section.part("parameters")
        if pairs is None:
            return {}
        found = {name: self.source(pairs, name, "values") for name in pairs.names()}
        return {name: source for name, source in found.items() if source is not None}

    def _output(self) -> tuple[KeptFile | None, Mapping[FieldId, Path], bool]:
        """Read the kept parts of a reply (its bytes, or a file and values of its JSON), and if they are required."""
        output = self.section.part("output")
        if output is None:
            return None, {}, False
        place = self.place("binary", output)
        for other in ("values", "file"):
            if "binary" in output and other in output:
                output.note("rest_output", None, f"keeps the whole reply as a file; remove binary or {other}.")
        inside = self._inside(output)
        keep = inside if place is None else KeptFile(encoding=Encoding.BINARY, place=field_of(place))
        values: dict[FieldId, Path] = {}
        paths = output.part("values")
        if paths is not None:
            for name in paths.names():
                self.check_field(name, paths.line_of(name))
                path = _path(paths, name)
                if path is not None:
                    values[FieldId(name)] = path
        if "required" in output and not any(key in output for key in ("binary", "file", "values")):
            output.note("rest_output", "required", "requires nothing; add binary, file or values.")
        return keep, values, output.boolean("required") or False

    def _inside(self, output: Section) -> KeptFile | None:
        """Read the file to keep inside a JSON reply."""
        inside = output.part("file")
        if inside is None:
            return None
        encoding = inside.one_of("encoding")
        place, path, name = self.place("to", inside), _path(inside, "path"), _path(inside, "name")
        if encoding is None or place is None or path is None:
            return None
        return KeptFile(encoding=Encoding(encoding), place=field_of(place), path=path, name=name)

    def _auth(self) -> Auth | None:
        auth = self.section.part("auth")
        if auth is None or not auth.chosen:
            return None
        kind = AuthKind(auth.chosen)
        match kind:
            case AuthKind.BASIC:
                return Auth(kind=kind, user=auth.text("user") or "", secret=auth.text("password") or "")
            case AuthKind.BEARER:
                return Auth(kind=kind, secret=auth.text("token") or "")
            case AuthKind.HEADER:
                return Auth(kind=kind, header=auth.text("name") or "", secret=auth.text("value") or "")
            case AuthKind.OAUTH2:
                return Auth(
                    kind=kind,
                    user=auth.text("client_id") or "",
                    secret=auth.text("client_secret") or "",
                    token_url=auth.text("token_url") or "",
                    scope=auth.text("scope") or "",
                )


def _path(section: Section, key: str) -> Path | None:
    text = section.text(key)
    return None if text is None else parse_path(text)
