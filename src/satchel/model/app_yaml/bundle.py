"""App bundles: `app.yaml` and `process.bpmn`, read together.

Only this module creates manifests. All faults of a bundle are returned at once, as findings; one that
`has_errors` is never deployed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from satchel.model.app import Manifest
from satchel.model.app_yaml.checks import check_manifest
from satchel.model.app_yaml.document import places as places_of
from satchel.model.app_yaml.document import pointer_token, read_document
from satchel.model.app_yaml.field_settings import declared_ids
from satchel.model.app_yaml.manifest import read_manifest
from satchel.model.app_yaml.section import Findings
from satchel.model.errors import Finding
from satchel.model.fields import Field, FieldType
from satchel.model.ids import FieldId
from satchel.model.services import InstanceTask, MessageTask

MANIFEST_FILE = "app.yaml"
PROCESS_FILE = "process.bpmn"
MAX_PROCESS_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle whose `app.yaml` has no faults.

    Attributes:
        process: the bytes of `process.bpmn`, not parsed.
        source: the bytes of `app.yaml`.
        places: the line of each part of `app.yaml` by its JSON pointer (`/tasks/evaluate/assign/group`).
    """

    manifest: Manifest
    process: bytes
    source: bytes
    places: Mapping[str, int]

    def finding(self, code: str, pointer: str, message: str, *, severity: str = "error") -> Finding:
        """Return a finding about a part of `app.yaml`, with its line."""
        line = self.places.get(pointer)
        return Finding(code=code, file=MANIFEST_FILE, line=line, element=None, message=message, severity=severity)

    def line_of_element(self, element: str) -> int | None:
        """Return the line of `app.yaml` that names the process or configures a task, service or call, or None."""
        if element == self.manifest.process:
            return self.places.get("/process")
        token = pointer_token(element)
        lines = (self.places.get(f"/{part}/{token}") for part in ("tasks", "services", "calls"))
        return next((line for line in lines if line is not None), None)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Return whether one of the findings is an error."""
    return any(finding.severity == "error" for finding in findings)


def draft_bundle(files: Mapping[str, bytes]) -> tuple[Bundle | None, tuple[Finding, ...]]:
    """Return the readable parts of a bundle with faults, so that its other faults are found at once.

    Never run or store it. A field with a fault is a text in it, so that references to it are not reported as wrong.
    None if one of the two files is missing or cannot be read at all.
    """
    findings = Findings(MANIFEST_FILE)
    process = files.get(PROCESS_FILE)
    if process is None:
        findings.noted.append(_missing(PROCESS_FILE, "the order of work, as BPMN 2.0"))
    elif len(process) > MAX_PROCESS_BYTES:
        message = f"The file has {len(process)} bytes; {MAX_PROCESS_BYTES} are allowed."
        findings.noted.append(
            Finding(code="document_too_large", file=PROCESS_FILE, line=None, element=None, message=message)
        )
    source = files.get(MANIFEST_FILE)
    if source is None:
        findings.noted.append(_missing(MANIFEST_FILE, "the app's data"))
        return None, tuple(findings.noted)
    manifest, places = _read_manifest(source, findings)
    found = tuple(sorted(findings.noted, key=_order))
    if manifest is None or process is None or len(process) > MAX_PROCESS_BYTES:
        return None, found
    return Bundle(manifest=manifest, process=process, source=source, places=places), found


def parse_manifest(source: bytes) -> Manifest:
    """Return the manifest of an `app.yaml` that was deployed, and so was valid.

    Raises:
        ValueError: it is not valid; the deployed bytes were changed.
    """
    findings = Findings(MANIFEST_FILE)
    manifest, _ = _read_manifest(source, findings)
    if manifest is None or has_errors(findings.noted):
        raise ValueError(findings.noted[0].message)
    return manifest


def groups_named(manifest: Manifest) -> Mapping[str, str]:
    """Return the JSON pointer of the first task that is assigned or escalated to each group, by the group's name."""
    named: dict[str, str] = {}
    for element, form in manifest.tasks.items():
        if form.assign.group is not None:
            named.setdefault(form.assign.group, f"/tasks/{pointer_token(element)}/assign/group")
        if form.escalation is not None:
            named.setdefault(form.escalation.to, f"/tasks/{pointer_token(element)}/late/to")
    return named


def users_named(manifest: Manifest) -> Mapping[str, str]:
    """Return the JSON pointer of the first task or service of each user, by the user's e-mail."""
    named: dict[str, str] = {}
    for element, form in manifest.tasks.items():
        if form.assign.user is not None:
            named.setdefault(form.assign.user, f"/tasks/{pointer_token(element)}/assign/user")
    for element, service in manifest.services.items():
        if service.acts_as is not None:
            named.setdefault(service.acts_as, f"/services/{pointer_token(element)}/as")
    return named


def apps_named(manifest: Manifest) -> Mapping[str, str]:
    """Return the JSON pointer of the first call activity or service task that names each app, by the app's code."""
    named: dict[str, str] = {}
    for element, call in manifest.calls.items():
        named.setdefault(call.app, f"/calls/{pointer_token(element)}/app")
    for element, service in manifest.services.items():
        if isinstance(service.task, InstanceTask | MessageTask):
            named.setdefault(service.task.app, f"/services/{pointer_token(element)}/app")
    return named


def _read_manifest(source: bytes, findings: Findings) -> tuple[Manifest | None, Mapping[str, int]]:
    root, faults = read_document(source, MANIFEST_FILE)
    findings.noted.extend(faults)
    if root is None:
        if not faults:
            findings.add("empty_document", 1, "The file is empty; it must have at least code, name, fields and start.")
        return None, {}
    places = places_of(root)
    manifest = read_manifest(root, findings)
    declared = declared_ids(root)
    check_manifest(manifest, declared, places, findings)
    faulty = sorted(declared.difference(field.id for field in manifest.fields))
    stand_ins = tuple(Field(number=0, id=FieldId(name), label=name, type=FieldType.TEXT) for name in faulty)
    return replace(manifest, fields=manifest.fields + stand_ins), places


def _missing(file: str, what: str) -> Finding:
    message = f"The bundle has no {file}, which contains {what}. Add it at the top of the folder or zip."
    return Finding(code="missing_file", file=file, line=None, element=None, message=message)


def _order(finding: Finding) -> tuple[str, int]:
    return finding.file, finding.line or 0
