"""The data directory as a place: whether there is one, whose it is, and the key for secrets in it."""

import os
from contextlib import suppress
from pathlib import Path

from satchel.db.embedded.cluster import user_name
from satchel.model.errors import InvalidSettings, SettingFault, Unavailable
from satchel.model.ids import Entropy
from satchel.model.policy import SECRETS_KEY_BYTES
from satchel.setting_kinds import secret_key

BLOBS = "blobs"
SECRETS_KEY_FILE = "secrets.key"


def check_place(data_directory: Path, *, creates: bool, writes: bool) -> None:
    """Require a data directory that this process may use as it is about to.

    Args:
        data_directory: of the settings.
        creates: whether the process creates what is missing.
        writes: whether the process writes files.

    Raises:
        Unavailable: there are no files of Satchel; or root would store files in another user's directory.
    """
    place = data_directory.absolute()
    if writes and os.geteuid() == 0:
        _refuse_root(place)
    if not creates and not (place / BLOBS).is_dir():
        what = "it has no files of Satchel (no folder `blobs`)" if place.is_dir() else "there is no such directory"
        raise Unavailable(
            f"There is no Satchel in {place}: {what}. Name its data directory with --data or SATCHEL_DATA_DIRECTORY; "
            "`satchel serve` creates a new one."
        )


def own_key(directory: Path, entropy: Entropy, *, creates: bool) -> bytes:
    """Return the key of a server that was given none: of a file that only its user may read, made the first time.

    Raises:
        InvalidSettings: the file is there and holds no key; or it is not there and may not be created.
    """
    path = directory / SECRETS_KEY_FILE
    if creates and not path.exists():
        _make_key(path, entropy)
    try:
        return secret_key(path.read_text(encoding="ascii").strip())
    except FileNotFoundError as error:
        message = (
            "is missing; copy it from the server's other machine or from a backup, or set SATCHEL_SECRETS_KEY. If it "
            "is lost, run `satchel admin store accept-key`, which creates another"
        )
        raise InvalidSettings([SettingFault(name=str(path.absolute()), message=message)]) from error
    except OSError as error:
        fault = SettingFault(name=str(path.absolute()), message=f"cannot be read ({error.strerror})")
        raise InvalidSettings([fault]) from error
    except ValueError as error:
        fault = SettingFault(name=str(path.absolute()), message=f"{error}; restore it from a backup")
        raise InvalidSettings([fault]) from error


def _make_key(path: Path, entropy: Entropy) -> None:
    """Write a new key: whole before it has its name, and never over another process's: two may start at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{SECRETS_KEY_FILE}.{entropy(8).hex()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(entropy(SECRETS_KEY_BYTES).hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(new, path)
    new.unlink()


def _refuse_root(place: Path) -> None:
    for folder in (place, place / BLOBS):
        owner = folder.stat().st_uid if folder.exists() else 0
        if owner != 0:
            name = user_name(owner) or f"#{owner}"
            raise Unavailable(
                f"{folder} belongs to {name}, who could not read what root stores there. Run Satchel as {name} "
                f"(`sudo -u {name} satchel ...`), or choose another data directory."
            )
