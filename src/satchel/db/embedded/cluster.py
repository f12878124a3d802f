"""Where the embedded database lies and whose it is.

    <data directory>/database/            the shelf: `lock`, `server.json`, the log; and, as a rule, the home itself
    <home>/cluster, socket, hba.conf ...  what PostgreSQL reads and writes

The home is the shelf, with one exception. PostgreSQL refuses to run as root, so that root runs it as `nobody`; when
`nobody` may not enter the shelf (a data directory below `/root`), the home is a folder of its own in
`/var/lib/satchel`, which `<shelf>/location` names and whose `origin` names the data directory in turn. The folder's
name is random rather than made of the data directory's path: a data directory that was moved finds its database, and
one that was removed and made again gets a new one instead of rows that name bytes long gone. All of this is done under
the shelf's lock.

Nothing that Satchel did not create is ever chmodded, and as root nothing is written through folders of another user.
"""

import json
import os
import pwd
import secrets
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from satchel.db.embedded.binaries import MAJOR, Binaries, find_binaries, may_enter, may_run, private_copy
from satchel.model.errors import DatabaseUnavailable

OUTSIDE = Path("/var/lib/satchel")
"""Where root keeps databases whose data directory `nobody` may not enter."""

ROLE = "satchel"
"""The cluster's superuser and the name of the database."""

SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107
"""The longest path that a Unix socket may have."""

SOCKET_NAME = ".s.PGSQL.5432"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The user that PostgreSQL runs as.

    Attributes:
        uid: user id, or -1 for the present user.
        gid: group id, or -1.
    """

    uid: int = -1
    gid: int = -1

    @property
    def changes(self) -> bool:
        """Whether this is another user than the present one."""
        return self.uid >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPaths:
    """A database's place on disk, settled.

    Attributes:
        shelf: the folder in the data directory.
        home: the folder that holds the cluster; often the shelf.
        identity: whom PostgreSQL runs as.
        binaries: programs that this user may execute.
        orphans: homes that were made for this data directory's path and that no `location` names any more.
    """

    shelf: Path
    home: Path
    identity: Identity
    binaries: Binaries
    orphans: tuple[Path, ...]

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.home / "cluster"


def make_shelf(data_directory: Path) -> Path:
    """Return the shelf of a data directory, creating both if need be, closed to other users.

    Raises:
        DatabaseUnavailable: it cannot be created or belongs to somebody else; choose another data directory.
    """
    shelf = data_directory.absolute() / "database"
    # Root's must let `nobody` pass through (not read) to reach the cluster.
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        data_directory.parent.mkdir(parents=True, exist_ok=True)
        for folder in (shelf.parent, shelf):
            _make(folder, mode)
    except OSError as error:
        raise DatabaseUnavailable(
            f"The data directory {data_directory} cannot be used ({error.strerror}). Give it to the user that runs "
            "Satchel or choose another with SATCHEL_DATA_DIRECTORY."
        ) from error
    return shelf


def settle(shelf: Path) -> ClusterPaths:
    """Return where this shelf's database is and whose it is, making its home on the first call. Needs the shelf's lock.

    Raises:
        DatabaseUnavailable: the database is elsewhere, belongs to another user or is of another PostgreSQL release.
    """
    home = _home(shelf)
    identity = _identity(home / "cluster")
    binaries = find_binaries()
    if identity.changes:
        if not may_enter(home, identity.uid, identity.gid):
            raise DatabaseUnavailable(
                f"User {identity.uid}, who owns the database in {home}, may not enter that folder. "
                "Move the data directory back or open the folders above it for passing through (chmod o+x)."
            )
        if not may_run(binaries.postgres, identity.uid, identity.gid):
            binaries = private_copy(binaries, home)
    return ClusterPaths(shelf=shelf, home=home, identity=identity, binaries=binaries, orphans=_orphans(shelf, home))


def check_release(cluster: Path) -> None:
    """Raise unless the cluster was made by the PostgreSQL release that Satchel brings.

    Raises:
        DatabaseUnavailable: it was made by another major release.
    """
    made_by = (cluster / "PG_VERSION").read_text().strip()
    if made_by != str(MAJOR):
        raise DatabaseUnavailable(
            f"The database in {cluster} was made by PostgreSQL {made_by}, this Satchel brings {MAJOR}. Dump it with "
            "the Satchel that made it (`pg_dump`) and load it into a new data directory."
        )


def write_access_files(place: ClusterPaths) -> None:
    """Say who may connect: over the socket only, and only the user that runs Satchel, the cluster's owner and root.

    The kernel vouches for the user (`peer`). The files are ours, beside the cluster: another program that happens to
    run as `nobody` is let in as little as anyone else.
    """
    owner = place.identity.uid if place.identity.changes else os.geteuid()
    nobody = _nobody()
    users = {uid for uid in (0, os.geteuid(), owner) if nobody is None or uid != nobody.uid or uid == os.geteuid()}
    names = sorted(name for uid in users if (name := user_name(uid)) is not None)
    _write(place.home / "hba.conf", f"local all {ROLE} peer map=satchel\n")
    _write(place.home / "ident.conf", "".join(f'satchel "{name}" {ROLE}\n' for name in names))


def make_folder(folder: Path, identity: Identity) -> Path:
    """Create a folder that only PostgreSQL's user (and root) may enter, unless it is there, and return it."""
    if not folder.is_dir():
        _make(folder, 0o700)
        if identity.changes:
            os.chown(folder, identity.uid, identity.gid)
    return folder


def socket_folder(place: ClusterPaths, former: Path | None) -> Path:
    """Return a folder for the server's socket, short enough for one, that nobody else can enter or has prepared.

    Args:
        place: the database's place.
        former: the folder recorded last time: taken again, so that the address stays what it was.
    """
    near = place.home / "socket"
    if _fits(near):
        return make_folder(near, place.identity)
    if former is not None and _fits(former):
        return former
    uid = os.geteuid()
    for base in (Path("/run") if uid == 0 else Path(f"/run/user/{uid}"), Path("/tmp")):  # noqa: S108  # a fresh random name
        if base.is_dir() and os.access(base, os.W_OK):
            return make_folder(base / f"satchel-{secrets.token_hex(8)}", place.identity)
    raise DatabaseUnavailable(
        f"The path {near} is too long for a socket, and there is no other place. Choose a shorter one."
    )


def record_socket(place: ClusterPaths, socket: Path) -> None:
    """Note where the server's socket is, for those who join it."""
    owner = place.identity.uid if place.identity.changes else os.geteuid()
    _write(place.shelf / "server.json", json.dumps({"socket": str(socket), "uid": owner, "owner": os.getpid()}), 0o600)


def recorded_socket(shelf: Path) -> Path | None:
    """Return the folder of the socket, unless there is none now or somebody else has put one in its place."""
    try:
        found = json.loads((shelf / "server.json").read_text())
        folder, uid = Path(found["socket"]), int(found["uid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return folder if _is_private(folder, uid) else None


def sync_folder(folder: Path) -> None:
    """Make a rename within the folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_database(data_directory: Path) -> None:
    """Remove a data directory's database, wherever its home is; the server must not run.

    For tests and for starting afresh: files in the data directory are not touched.
    """
    shelf = data_directory.absolute() / "database"
    location = shelf / "location"
    if location.is_file():
        home = Path(location.read_text().strip())
        if _origin(home) == shelf:
            shutil.rmtree(home)
    if shelf.is_dir():
        shutil.rmtree(shelf)


def known_home(shelf: Path) -> Path | None:
    """Return the folder that holds the shelf's cluster; None where no database was made yet."""
    try:
        home = Path((shelf / "location").read_text().strip())
    except OSError:
        home = shelf
    return home if (home / "cluster").is_dir() else None


def _home(shelf: Path) -> Path:
    location = shelf / "location"
    if location.is_file():
        home = Path(location.read_text().strip())
        _check_origin(shelf, home)
        return home
    nobody = _nobody()
    if (shelf / "cluster").is_dir() or os.geteuid() != 0:
        return shelf
    if nobody is None:
        raise DatabaseUnavailable(
            "PostgreSQL does not run as root, and this system has no user `nobody` to run it as. "
            "Start Satchel as an ordinary user, or set SATCHEL_DATABASE_URL."
        )
    if may_enter(shelf, nobody.uid, nobody.gid):
        return shelf
    OUTSIDE.mkdir(mode=0o755, parents=True, exist_ok=True)
    home = OUTSIDE / secrets.token_hex(8)
    _make(home, 0o711)
    _write(home / "origin", f"{shelf}\n")
    _write(location, f"{home}\n")
    return home


def _check_origin(shelf: Path, home: Path) -> None:
    origin = _origin(home)
    if origin is None:
        raise DatabaseUnavailable(
            f"{shelf / 'location'} says that the database is in {home}, but it is not there. "
            f"Restore that folder, or remove {shelf} to begin with an empty database."
        )
    if origin == shelf:
        return
    if (origin / "location").is_file() and (origin / "location").read_text().strip() == str(home):
        raise DatabaseUnavailable(
            f"{shelf.parent} is a copy of {origin.parent}, whose database is in {home}: a copy holds the files but no "
            "database. Copy a running Satchel with `pg_dump` and the files, or remove one of the two."
        )
    _write(home / "origin", f"{shelf}\n")  # the data directory was moved


def _origin(home: Path) -> Path | None:
    try:
        return Path((home / "origin").read_text().strip())
    except OSError:
        return None


def _orphans(shelf: Path, home: Path) -> tuple[Path, ...]:
    if os.geteuid() != 0 or not OUTSIDE.is_dir():
        return ()
    return tuple(other for other in sorted(OUTSIDE.iterdir()) if other != home and _origin(other) == shelf)


def _identity(cluster: Path) -> Identity:
    """Return whom the server runs as: the cluster's owner, as PostgreSQL insists; for root and a new one, `nobody`."""
    owner = cluster.stat() if cluster.is_dir() else None
    me = os.geteuid()
    if me != 0:
        if owner is not None and owner.st_uid != me:
            raise DatabaseUnavailable(
                f"The database in {cluster} belongs to {user_name(owner.st_uid) or owner.st_uid}. "
                "Run Satchel as root or as that user, or choose another data directory."
            )
        return Identity()
    if owner is None:
        nobody = _nobody()
        return Identity(uid=nobody.uid, gid=nobody.gid) if nobody else Identity()
    if owner.st_uid == 0:
        raise DatabaseUnavailable(
            f"The database in {cluster} belongs to root, and PostgreSQL does not run as root. "
            f"Give it back to its owner: `chown -R nobody {cluster}`."
        )
    return Identity(uid=owner.st_uid, gid=owner.st_gid)


def _nobody() -> Identity | None:
    try:
        found = pwd.getpwnam("nobody")
    except KeyError:
        return None
    return Identity(uid=found.pw_uid, gid=found.pw_gid)


def user_name(uid: int) -> str | None:
    """Return a user's name, or None if the system knows none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def _fits(folder: Path) -> bool:
    """Whether a socket in this folder has an address that the system and libpq (commas part hosts) understand."""
    whole = os.fsencode(folder / SOCKET_NAME)
    return len(whole) <= SOCKET_PATH_BYTES and not set(b',"\n') & set(whole)


def _is_private(folder: Path, uid: int) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and stat.S_IMODE(found.st_mode) == stat.S_IRWXU


def _make(folder: Path, mode: int) -> None:
    """Create a folder with exactly these rights, whatever the umask; one that exists is left as it is."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    folder.chmod(mode)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace a file whole and durably; everybody may read it who may enter its folder, unless `mode` says less."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)  # one that a crash left may be another user's
    with fresh.open("x") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)
