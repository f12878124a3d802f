"""The services of an `app.yaml`: what each kind may be told, and everything that is wrong with it."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from satchel.model.app import Service
from satchel.model.app_yaml.document import ScalarNode, plain
from satchel.model.app_yaml.field_settings import CODE, CODE_HINT, EMAIL
from satchel.model.app_yaml.rest_settings import Rest
from satchel.model.app_yaml.section import Findings, Section, meant
from satchel.model.app_yaml.setting_parts import ALL, Parts, field_of
from satchel.model.ids import FieldId
from satchel.model.services import (
    Do,
    FilesTask,
    InstanceTask,
    MailTask,
    MessageTask,
    OnFailure,
    Retry,
    ServiceTask,
    Source,
)
from satchel.model.template import MAX_TEMPLATE_CHARS

SERVICE_KINDS = ("rest", "instance", "files", "mail", "message", "manual")
"""What a service task may do; `manual` waits for a person or program to complete it by the API."""

MAX_ATTEMPTS = 100
MAIL_LINK_LIFETIME = timedelta(days=1)

_COMMON = ("kind", "inputs", "retry", "on_failure", "otherwise", "as")
_KEYS: Mapping[str, tuple[str, ...]] = {
    "instance": (*_COMMON, "do", "app", "identifier", "set", "copy", "result"),
    "files": (*_COMMON, "do", "from", "to", "mode", "rename"),
    "rest": (
        *(*_COMMON, "method", "url", "headers", "parameters", "body", "text", "type", "file"),
        *("success", "timeout", "reply_bytes", "output", "redirects", "auth"),
    ),
    "message": (*_COMMON, "app", "identifier", "message", "set", "copy"),
    "mail": (*_COMMON, "to", "subject", "text", "attach", "link", "link_lifetime"),
}


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
        task = Rest(section, ids, findings).read()
    elif kind == "message":
        task = reader.message()
    elif kind == "mail":
        task = reader.mail()
    settings = {key: plain(entry) for key, entry in section.node.entries.items() if key not in ("kind", "inputs")}
    on_failure = reader.on_failure() if task is not None else OnFailure.INCIDENT
    return Service(
        kind=kind,
        inputs=inputs,
        settings=settings,
        task=task,
        retry=reader.retry() if task is not None else Retry(),
        on_failure=on_failure,
        otherwise=reader.otherwise(on_failure) if task is not None else {},
        acts_as=section.text("as", longest=254, shape=EMAIL, hint="write the e-mail address of a user.")
        if task is not None
        else None,
    )


class _Services(Parts):
    """Reads the settings of one service task."""

    def retry(self) -> Retry:
        """Read how often and how long it is tried."""
        node = self.section.node.entries.get("retry")
        if node is None:
            return Retry()
        retry = Section(
            node,
            name=f"{self.section.name}: retry",
            keys=("attempts", "pause", "deadline"),
            findings=self.findings,
        )
        given = Retry()
        return Retry(
            attempts=retry.integer("attempts", low=1, high=MAX_ATTEMPTS) or given.attempts,
            pause=retry.duration("pause") or given.pause,
            deadline=retry.duration("deadline") or timedelta(days=1),
        )

    def instance(self) -> InstanceTask | None:
        """Read what is done with another instance."""
        section = self.section
        section.require("do", "app")
        do = section.one_of("do", tuple(Do))
        app = section.text("app", longest=16, shape=CODE, hint=CODE_HINT)
        identifier = self.template("identifier")
        if do in (Do.UPDATE, Do.GET) and "identifier" not in section:
            section.note("missing_key", None, 'has no identifier of the instance; write identifier: "{{ field }}".')
        if do == Do.CREATE and "identifier" in section:
            section.note("unknown_key", "identifier", "creates an instance, which gets its identifier by itself.")
        ours = "keys" if do == Do.GET else "values"
        task = InstanceTask(
            do=Do(do or Do.CREATE),
            app=app or "",
            identifier=identifier,
            set=self.set(ours),
            copy=self.copy(ours),
            result=self.field("result"),
        )
        return task if do is not None and app is not None else None

    def files(self) -> FilesTask | None:
        """Read a copy or move within the instance."""
        section = self.section
        section.require("do", "from", "to")
        do = section.one_of("do", ("copy", "move"))
        mode = section.one_of("mode", ("replace", "append"))
        source, target = self.place("from"), self.place("to")
        if source is not None and source == target:
            section.note("same_place", "to", f"copies from {source} to the same place.")
        return FilesTask(
            move=do == "move",
            source=field_of(source),
            target=field_of(target),
            replace=mode == "replace",
            rename=self.template("rename"),
        )

    def message(self) -> MessageTask | None:
        """Read a message to another instance."""
        section = self.section
        section.require("app", "identifier", "message")
        app = section.text("app", longest=16, shape=CODE, hint=CODE_HINT)
        identifier, message = self.template("identifier"), section.text("message", longest=200)
        for key in ("set", "copy"):
            entry = section.node.entries.get(key)
            if isinstance(entry, ScalarNode) and entry.value == ALL:
                section.note(
                    "unknown_value", key, f"names what it sends field by field; {key}: all is not for messages."
                )
        if app is None or identifier is None or message is None:
            return None
        return MessageTask(
            app=app,
            identifier=identifier,
            message=message,
            set=self.set("values") or {},
            copy=self.copy("values") or {},
        )

    def mail(self) -> MailTask | None:
        """Read a mail."""
        section = self.section
        section.require("to", "subject", "text")
        to, subject = self.template("to"), self.template("subject")
        text = section.text("text", longest=MAX_TEMPLATE_CHARS, lines=True)
        body = None if text is None else self.parsed(text, section.line_of("text"), checked=True)
        attach, link = self._fields("attach"), self._fields("link")
        if to is None or subject is None or body is None:
            return None
        return MailTask(
            to=to,
            subject=subject,
            text=body,
            attach=attach,
            link=link,
            link_lifetime=section.duration("link_lifetime") or MAIL_LINK_LIFETIME,
        )

    def _fields(self, key: str) -> tuple[FieldId, ...]:
        found = self.section.texts(key, longest=100)
        for name, line in found:
            self.check_field(name, line)
        return tuple(FieldId(name) for name, _ in found)

    def on_failure(self) -> OnFailure:
        """Read what happens once it has failed for good."""
        return OnFailure(self.section.one_of("on_failure", tuple(OnFailure)) or OnFailure.INCIDENT)

    def otherwise(self, on_failure: OnFailure) -> Mapping[FieldId, Source]:
        """Read the values that fields get where the process continues after a failure."""
        node = self.section.node.entries.get("otherwise")
        if node is None:
            return {}
        if on_failure is not OnFailure.CONTINUE:
            self.section.note("unknown_key", "otherwise", "has otherwise but not on_failure: continue.")
        pairs = Section(node, name=f"{self.section.name}: otherwise", keys=None, findings=self.findings)
        found = self.sources(pairs, "values")
        for name in found:
            self.check_field(name, pairs.line_of(name))
        return found
