"""The services of an `app.yaml`: the settings of each kind, and all faults."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from satchel.model.app import Service
from satchel.model.app_yaml.document import plain
from satchel.model.app_yaml.rest_settings import Rest
from satchel.model.app_yaml.section import Findings, Section
from satchel.model.app_yaml.setting_parts import SettingsReader, field_of
from satchel.model.ids import FieldId
from satchel.model.services import (
    FilesTask,
    InstanceOperation,
    InstanceTask,
    MailTask,
    MessageTask,
    OnFailure,
    RetryPolicy,
    ServiceTask,
    Source,
)

MAIL_LINK_LIFETIME = timedelta(days=1)
MAIL_TIMEOUT = timedelta(minutes=2)
"""RFC 5321 (4.5.3.2) lets a server think for up to 10 minutes; but as long, one that is dead would hold a worker."""


def read_service(section: Section, inputs: tuple[FieldId, ...], ids: Collection[str], findings: Findings) -> Service:
    """Read one service task; if its kind waits to be completed by hand, the settings are kept unchanged.

    Args:
        section: the whole entry.
        inputs: the fields that may be set by hand, read already.
        ids: of all fields of the app.
        findings: collects faults.
    """
    settings = {key: plain(entry) for key, entry in section.node.entries.items() if key not in ("kind", "inputs")}
    reader = _Services(section, ids, findings)
    task: ServiceTask | None = None
    match section.chosen:
        case "instance":
            task = reader.instance()
        case "files":
            task = reader.files()
        case "rest":
            task = Rest(section, ids, findings).read()
        case "message":
            task = reader.message()
        case "mail":
            task = reader.mail()
        case by_hand:
            return Service(kind=by_hand, inputs=inputs, settings=settings)
    on_failure = reader.on_failure()
    return Service(
        kind=section.chosen,
        inputs=inputs,
        settings=settings,
        task=task,
        retry=reader.retry(),
        on_failure=on_failure,
        otherwise=reader.otherwise(on_failure),
        acts_as=section.text("as"),
    )


class _Services(SettingsReader):
    """Reads the settings of one service task."""

    def retry(self) -> RetryPolicy:
        """Read the retry settings."""
        retry, usual = self.section.part("retry"), RetryPolicy()
        if retry is None:
            return usual
        return RetryPolicy(
            attempts=retry.integer("attempts") or usual.attempts,
            pause=retry.duration("pause") or usual.pause,
            deadline=retry.duration("deadline") or usual.deadline,
        )

    def instance(self) -> InstanceTask | None:
        """Read an operation on another instance."""
        section = self.section
        do, app = section.one_of("do"), section.text("app")
        identifier = self.template("identifier")
        if do in (InstanceOperation.UPDATE, InstanceOperation.GET) and "identifier" not in section:
            section.note("missing_key", None, 'has no identifier of the instance; write identifier: "{{ field }}".')
        if do == InstanceOperation.CREATE and "identifier" in section:
            section.note("unknown_key", "identifier", "creates an instance, whose identifier is generated; remove it.")
        ours = "keys" if do == InstanceOperation.GET else "values"
        task = InstanceTask(
            do=InstanceOperation(do or InstanceOperation.CREATE),
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
        do, mode = section.one_of("do"), section.one_of("mode")
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
        app, identifier, message = section.text("app"), self.template("identifier"), section.text("message")
        values, files = self.set("values") or {}, self.copy("values") or {}
        if app is None or identifier is None or message is None:
            return None
        return MessageTask(app=app, identifier=identifier, message=message, set=values, copy=files)

    def mail(self) -> MailTask | None:
        """Read a mail."""
        section = self.section
        to, subject, text = self.template("to"), self.template("subject"), self.template("text")
        attach, link = self._fields("attach"), self._fields("link")
        lifetime = section.duration("link_lifetime") or MAIL_LINK_LIFETIME
        timeout = section.duration("timeout") or MAIL_TIMEOUT
        if to is None or subject is None or text is None:
            return None
        return MailTask(
            to=to, subject=subject, text=text, attach=attach, link=link, link_lifetime=lifetime, timeout=timeout
        )

    def _fields(self, key: str) -> tuple[FieldId, ...]:
        found = self.section.texts(key)
        for name, line in found:
            self.check_field(name, line)
        return tuple(FieldId(name) for name, _ in found)

    def on_failure(self) -> OnFailure:
        """Read what happens after the last failure."""
        return OnFailure(self.section.one_of("on_failure") or OnFailure.INCIDENT)

    def otherwise(self, on_failure: OnFailure) -> Mapping[FieldId, Source]:
        """Read the values of fields for continuing after a failure."""
        pairs = self.section.part("otherwise")
        if pairs is None:
            return {}
        if on_failure is not OnFailure.CONTINUE:
            self.section.note("unknown_key", "otherwise", "has otherwise but not on_failure: continue.")
        found = self.sources(pairs, "values")
        for name in found:
            self.check_field(name, pairs.line_of(name))
        return found
