"""For whom service tasks act: a user that the app names, or its deployer; losing a right ends them at once."""

from dataclasses import dataclass

from satchel.actions.context import Context
from satchel.actions.identity.credentials import actor_of
from satchel.db import accounts as people
from satchel.db import apps as app_rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor
from satchel.model.app import Service
from satchel.model.errors import Forbidden
from satchel.model.ids import InstanceId, JobId, VersionId
from satchel.model.instance import Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceJob:
    """A service task of an instance that is to be done.

    Attributes:
        actor: the system, as which it is done; the one who looks, where it is only looked at.
        call_id: None where it is only looked at.
        version_id: of the settings; None is the instance's.
    """

    actor: Actor
    instance_id: InstanceId
    call_id: JobId | None
    service: Service
    version_id: VersionId | None = None

    async def issuer(self, context: Context, tx: Reader, instance: Instance) -> Actor:
        """Return by whose rights files are told.

        Raises:
            Forbidden: that person may not sign in any more.
        """
        return (
            self.actor
            if self.call_id is None
            else await service_user(context, tx, instance, self.service, self.version_id)
        )


async def service_user(
    context: Context, tx: Reader, instance: Instance, service: Service, settings: VersionId | None = None
) -> Actor:
    """Return for whom a service task of an instance acts: with the settings of its version, or of another one.

    Raises:
        Forbidden: that person may not sign in any more.
    """
    if service.acts_as is not None:
        user = await people.user_by_email(tx, instance.account_id, service.acts_as)
        found = await actor_of(tx, instance.account_id, user.id) if user is not None else None
        if found is None:
            raise Forbidden(f"This service task acts for {service.acts_as}, who may not sign in any more.")
        return found
    of = instance.version_id if settings is None else settings
    version = await app_rows.version(tx, instance.account_id, of)
    deployer = version.deployed_by if version is not None else None
    found = await actor_of(tx, instance.account_id, deployer) if deployer is not None else None
    if found is None:
        app = await context.apps.version(tx, instance.account_id, of)
        raise Forbidden(
            f"Service tasks of {app.manifest.code} act for whoever deployed version {app.number}, who may not sign in"
            " any more. Deploy the app again, or name a user with: as."
        )
    return found
