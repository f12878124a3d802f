"""What every action is given: the database, the bytes, the time, the rules, the queue, and the apps that are loaded."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from satchel.actions.backoff import Backoff
from satchel.actions.loading import LoadedApps
from satchel.actions.passwords import Passwords
from satchel.actions.vault import Vault
from satchel.actions.webhook_formats import NATIVE_FORMAT, Format, by_name
from satchel.actions.writers import Writers
from satchel.blobs.store import BlobStore
from satchel.db.notices import Notices
from satchel.db.pool import Database
from satchel.model.clock import Clock
from satchel.model.ids import Entropy
from satchel.model.mail import MailServer
from satchel.model.policy import Policy
from satchel.outbound.http import HttpClient
from satchel.queue.enqueue import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The parts that `main` puts together; one for the whole process.

    Attributes:
        webhook_formats: by name.
        notices: from other processes; they arrive only where somebody runs them.
        writers: the uploads that this process is receiving.
    """

    database: Database
    blobs: BlobStore
    clock: Clock
    entropy: Entropy
    policy: Policy
    apps: LoadedApps
    queue: Queue
    http: HttpClient
    vault: Vault
    passwords: Passwords = field(default_factory=Passwords)
    backoff: Backoff = field(default_factory=Backoff)
    mail_server: MailServer | None = None
    webhook_formats: Mapping[str, Format] = field(default_factory=lambda: by_name(NATIVE_FORMAT))
    notices: Notices = field(default_factory=Notices)
    writers: Writers = field(default_factory=Writers)
