"""Loads app versions: parses a deployed bundle once per process and keeps it.

A version never changes, so what is kept is never stale. The cache holds the most recently used versions only.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from satchel.db import apps as rows
from satchel.db.pool import Reader
from satchel.engine.parse import Definition, parse_deployed
from satchel.engine.rules import FormRules, compile_rules
from satchel.model.app import Manifest
from satchel.model.app_yaml.bundle import parse_manifest
from satchel.model.errors import NotFound
from satchel.model.fields import Field
from satchel.model.ids import AccountId, AppId, ElementId, VersionId
from satchel.model.template import Template, parse_template

KEPT_VERSIONS = 256
"""How many parsed versions a process keeps; about 1 MiB each at the most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedApp:
    """One version of an app, ready to run.

    Attributes:
        slots: the search slots of all the app's fields at the time of loading.
        rules: of what is no form of its own.
        start_rules: of the start form.
        task_rules: of the forms of tasks that have some of their own.
    """

    account_id: AccountId
    app_id: AppId
    version_id: VersionId
    number: int
    manifest: Manifest
    title: Template
    definition: Definition
    slots: tuple[rows.Slot, ...]
    rules: FormRules
    start_rules: FormRules
    task_rules: Mapping[ElementId, FormRules]

    def rules_of(self, task: ElementId) -> FormRules:
        """Return the rules of a task's form."""
        return self.task_rules.get(task, self.rules)

    @property
    def labels(self) -> Mapping[str, str]:
        """What each field is called, by its id."""
        return {str(field.id): field.label for field in self.manifest.fields}

    @property
    def file_fields(self) -> tuple[Field, ...]:
        """The fields whose value is files."""
        return tuple(field for field in self.manifest.fields if field.is_file_type)


class LoadedApps:
    """The loaded versions of one process."""

    def __init__(self, kept: int = KEPT_VERSIONS) -> None:
        self._kept = kept
        self._loaded: OrderedDict[tuple[AccountId, VersionId], LoadedApp] = OrderedDict()
        self._newest: dict[tuple[AccountId, str], VersionId] = {}

    async def version(self, tx: Reader, account: AccountId, version: VersionId) -> LoadedApp:
        """Return one version of an app of the account.

        Raises:
            NotFound: the account has no such version.
        """
        key = (account, version)
        loaded = self._loaded.get(key)
        if loaded is None:
            loaded = await _load(tx, account, version)
            self._loaded[key] = loaded
            if len(self._loaded) > self._kept:
                _, old = self._loaded.popitem(last=False)
                self._newest.pop((old.account_id, old.manifest.code), None)
        else:
            self._loaded.move_to_end(key)
        return loaded

    async def newest(self, tx: Reader, account: AccountId, code: str) -> LoadedApp:
        """Return the newest version of the app with this code.

        Raises:
            NotFound: the account has no such app.
        """
        return await self.newest_of(tx, account, code, await rows.app_by_code(tx, account, code))

    async def newest_of(self, tx: Reader, account: AccountId, code: str, row: rows.AppRow | None) -> LoadedApp:
        """Return the newest version of an app as its row names it.

        Raises:
            NotFound: there is no such app, or it was withdrawn.
        """
        if row is None or row.version_id is None:
            raise NotFound("app", code)
        found = await self.version(tx, account, row.version_id)
        self._newest[account, code] = row.version_id
        return found

    def known(self, account: AccountId, code: str) -> LoadedApp | None:
        """Return the version that was the newest when it was asked for last, by now perhaps an old one; None if none.

        Only to ask the database for more at once: a caller asks for the newest, too, and compares.
        """
        version = self._newest.get((account, code))
        return None if version is None else self._loaded.get((account, version))

    async def last(self, tx: Reader, account: AccountId, code: str) -> LoadedApp:
        """Return the newest version of an app, also of a withdrawn one, by which its instances can be found.

        Raises:
            NotFound: the account has no such app.
        """
        return await self.last_of(tx, account, code, await rows.app_by_code(tx, account, code))

    async def last_of(self, tx: Reader, account: AccountId, code: str, row: rows.AppRow | None) -> LoadedApp:
        """Return the version of `last` of an app as its row names it.

        Raises:
            NotFound: the account has no such app.
        """
        if row is None or row.version_id is not None:
            return await self.newest_of(tx, account, code, row)
        return await self.version(tx, account, (await rows.versions(tx, account, row.id))[0].id)


async def _load(tx: Reader, account: AccountId, version: VersionId) -> LoadedApp:
    row = await rows.version(tx, account, version)
    if row is None:
        raise NotFound("app version", version)
    manifest = parse_manifest(row.manifest)
    return LoadedApp(
        account_id=account,
        app_id=row.app_id,
        version_id=row.id,
        number=row.number,
        manifest=manifest,
        title=parse_template(manifest.title),
        definition=parse_deployed(row.bpmn, manifest),
        slots=tuple(await rows.slots(tx, account, row.app_id)),
        rules=compile_rules(manifest, None),
        start_rules=compile_rules(manifest, manifest.start),
        task_rules={
            element: compile_rules(manifest, form)
            for element, form in manifest.tasks.items()
            if form.rules or form.checks
        },
    )
