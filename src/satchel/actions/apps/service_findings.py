"""What only an account can tell of an app's service tasks before it is deployed: users, secrets, values, addresses."""

from collections.abc import Iterator

from satchel.actions.identity import environment
from satchel.actions.identity.secrets import missing
from satchel.db import environment as environment_rows
from satchel.db import secrets as secret_rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor
from satchel.model.app import Service
from satchel.model.app_yaml.bundle import Bundle
from satchel.model.app_yaml.document import pointer_token
from satchel.model.bodies import fault_of
from satchel.model.environment import fill_in, names_in
from satchel.model.errors import Finding
from satchel.model.services import AuthKind, BodyKind, Literal, RestTask
from satchel.model.template import Template
from satchel.outbound.failure import CallFailed
from satchel.outbound.guard import Guard
from satchel.outbound.target import Target

_SAMPLE = "1"
"""What stands for a value in an address that is tried."""


async def service_findings(tx: Reader, actor: Actor, bundle: Bundle, guard: Guard) -> list[Finding]:
    """Return errors and warnings about service tasks.

    An error is a task that would act for a user for whom the deployer may not speak, or whose address no request can
    have.
    """
    app = bundle.manifest.code
    known = {secret.name for secret in await secret_rows.secrets(tx, actor.account_id) if secret.is_granted(app)}
    values = {one.name: one.value for one in await environment_rows.values(tx, actor.account_id)}
    found: list[Finding] = []
    for element, service in bundle.manifest.services.items():
        pointer = f"/services/{pointer_token(element)}"
        if service.acts_as is not None and not actor.is_admin and service.acts_as != actor.email:
            message = f"Only an administrator may let {element} act for {service.acts_as}; without as it acts for you."
            found.append(bundle.finding("acts_as", f"{pointer}/as", message))
        task = service.task
        if isinstance(task, RestTask) and task.auth is not None and task.auth.secret not in known:
            message = missing(task.auth.secret, app)
            found.append(bundle.finding("unknown_secret", f"{pointer}/auth", message, severity="warning"))
        lacking = names_in(service) - values.keys()
        if lacking:
            message = f"{element}: {environment.missing(lacking)}"
            found.append(bundle.finding("unknown_env", pointer, message, severity="warning"))
        found += _address_findings(bundle, pointer, fill_in(service, values), guard)
        fault = _fault_of_text(bundle, service)
        if fault is not None:
            message = f"The text of {element} is no {fault} Correct it, or say type: plain."
            found.append(bundle.finding("text_body", f"{pointer}/text", message, severity="warning"))
        for name in _links_as_bytes(bundle, service):
            message = (
                f"{element} sends {name} as bytes, but it may have files kept elsewhere; those make the call fail."
            )
            found.append(bundle.finding("links_as_bytes", pointer, message, severity="warning"))
    return found


def _address_findings(bundle: Bundle, pointer: str, service: Service, guard: Guard) -> Iterator[Finding]:
    """Give a finding for each address of a task that app.yaml has, as far as it has it, and that cannot be called.

    What no request can have is an error; what this server refuses at the moment, and its administrator may allow, is a
    warning.
    """
    task = service.task
    if not isinstance(task, RestTask):
        return
    addresses = {f"{pointer}/url": _literal(task.url)}
    if task.auth is not None and task.auth.kind is AuthKind.OAUTH2:
        is_known = not names_in(task.auth)
        addresses[f"{pointer}/auth/token_url"] = (task.auth.token_url or None) if is_known else None
    for place, address in addresses.items():
        if address is None:
            continue
        try:
            target = Target.parse(address)
        except CallFailed as error:
            yield bundle.finding("bad_address", place, error.message)
            continue
        try:
            guard.check_literal(target.host, target.port)
        except CallFailed as error:
            message = error.message.replace("; nothing was sent", "; calls to it are refused")
            yield bundle.finding("forbidden_address", place, message, severity="warning")


def _literal(url: Template) -> str | None:
    """Return an address with a sample in each placeholder; None where even its host may come from a field."""
    head = url.parts[0] if url.parts and isinstance(url.parts[0], str) else ""
    if not url.parts or (url.names and "/" not in head.partition("://")[2]):
        return None
    return "".join(part if isinstance(part, str) else _SAMPLE for part in url.parts)


def _fault_of_text(bundle: Bundle, service: Service) -> str | None:
    """Return why a text body, tried with sample values, is no document of its kind, or None."""
    task = service.task
    if not isinstance(task, RestTask) or task.text is None:
        return None
    fault = fault_of(task.text, task.text_kind, {str(field.id): field for field in bundle.manifest.fields})
    return None if fault is None else f"{task.text_kind.value.upper()} when its values are filled in: {fault}."


def _links_as_bytes(bundle: Bundle, service: Service) -> list[str]:
    """Return the file fields that a task sends as bytes and that may hold links."""
    task = service.task
    if not isinstance(task, RestTask):
        return []
    sent = [task.file] if task.body is BodyKind.FILE else []
    if task.body is BodyKind.FORM_DATA:
        sent = [source for source in task.parameters.values() if not isinstance(source, Literal | Template)]
    fields = [bundle.manifest.field(name) for name in sent if name is not None]
    return [str(field.id) for field in fields if field is not None and field.files and field.files.allow_links]
