"""Clients that keep a server busy and remember what it acknowledged, to compare with what is there afterwards."""

import hashlib
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from serving import Served
from world import bundle, fields

APP = bundle(
    {
        "code": "ACK",
        "fields": fields({"id": "files", "type": "file", "max_files": 9, "max_unclaimed": 1000}),
        "start": {"fields": {"files": "edit"}},
        "tasks": {"a": {"assign": {"starter": True}, "fields": {"files": "edit"}}},
    }
)
SIZES = (100, 40_000, 900_000)
"""Bytes of the files: one of each path that bodies take."""

PIECE = 50_000

MOST_UNCLAIMED = 500
"""How many uploads are left to wait: a fast server reaches the app's own bound, beyond which it grants no more."""


@dataclass
class Acknowledged:
    """What the server said is safe.

    Attributes:
        files: digests by file, of instances that were started with them.
        uploads: digests by upload, which no instance has claimed.
        offsets: by address, how many bytes of an upload in pieces have arrived.
    """

    files: dict[int, str] = field(default_factory=dict)
    uploads: dict[int, str] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.files) + len(self.uploads) + len(self.offsets)


@dataclass
class Busy:
    """Clients at work on one server, in threads."""

    server: Served
    known: Acknowledged
    stop: threading.Event = field(default_factory=threading.Event)
    refusals: set[int] = field(default_factory=set)

    def work(self, seed: int) -> None:
        """Upload, start and send pieces until told to stop; what is cut off was not acknowledged."""
        chance = random.Random(seed)  # noqa: S311  # which bytes does not matter
        while not self.stop.is_set():
            with self.server.client() as client:
                try:
                    while not self.stop.is_set():
                        for _ in range(9):
                            self._whole(client, chance)
                        self._pieces(client, chance)
                except httpx.HTTPError:
                    self.stop.wait(0.05)

    def _whole(self, client: httpx.Client, chance: random.Random) -> None:
        data = chance.randbytes(chance.choice(SIZES))
        digest = hashlib.sha256(data).hexdigest()
        ticket = self._ask(client, len(data))
        if ticket is None:
            return
        number = int(str(ticket["id"]))
        if not self._is_done(client.put(str(ticket["put_url"]), content=data)):
            return
        self.known.uploads[number] = digest
        if chance.random() < 0.3 and self._may_leave():  # some stay as they are
            return
        del self.known.uploads[number]  # from here on it is one or the other
        if self._is_done(client.post("/api/v1/apps/ACK/instances", json={"values": {"files": [number]}})):
            self.known.files[number] = digest

    def _pieces(self, client: httpx.Client, chance: random.Random) -> None:
        if not self._may_leave():
            return
        ticket = self._ask(client, 3 * PIECE)
        if ticket is None:
            return
        url = str(ticket["tus_url"])
        for number in range(2):  # never the last, so that it stays in pieces
            headers = {
                "Tus-Resumable": "1.0.0",
                "Upload-Offset": str(number * PIECE),
                "Content-Type": "application/offset+octet-stream",
            }
            if not self._is_done(client.patch(url, content=chance.randbytes(PIECE), headers=headers)):
                return
            self.known.offsets[url] = (number + 1) * PIECE

    def _may_leave(self) -> bool:
        return len(self.known.uploads) + len(self.known.offsets) < MOST_UNCLAIMED

    def _ask(self, client: httpx.Client, size: int) -> dict[str, object] | None:
        answer = client.post("/api/v1/uploads", json={"app": "ACK", "field": "files", "size": size})
        ticket: dict[str, object] | None = answer.json() if self._is_done(answer) else None
        return ticket

    def _is_done(self, answer: httpx.Response) -> bool:
        if answer.is_success:
            return True
        self.refusals.add(answer.status_code)
        self.stop.wait(0.05)
        return False


@contextmanager
def busy(server: Served, known: Acknowledged, *, clients: int = 4, seed: int = 0) -> Iterator[Busy]:
    """Keep a server busy for as long as the block runs."""
    working = Busy(server, known)
    threads = [threading.Thread(target=working.work, args=(seed * 100 + number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield working
    finally:
        working.stop.set()
        for thread in threads:
            thread.join()


def wait_for_more(known: Acknowledged, count: int, *, patience_s: float = 60) -> None:
    """Wait until so many more things are acknowledged."""
    wanted = len(known) + count
    end = time.monotonic() + patience_s
    while len(known) < wanted:
        assert time.monotonic() < end, f"only {len(known)} of {wanted} were acknowledged"
        time.sleep(0.01)  # other threads' work


def lost(server: Served, known: Acknowledged) -> list[str]:
    """Return what was acknowledged and is not there, or not as it was sent."""
    missing: list[str] = []
    with server.client() as client:
        for number, digest in known.files.items():
            answer = client.get(f"/api/v1/files/{number}/content")
            if answer.status_code != httpx.codes.OK or hashlib.sha256(answer.content).hexdigest() != digest:
                missing.append(f"file {number}: {answer.status_code}")
        for number, digest in known.uploads.items():
            answer = client.get(f"/api/v1/uploads/{number}")
            said = answer.json()
            if answer.status_code != httpx.codes.OK or (said["state"], said["sha256"]) != ("uploaded", digest):
                missing.append(f"upload {number}: {answer.status_code} {said}")
        for url, offset in known.offsets.items():
            answer = client.head(url, headers={"Tus-Resumable": "1.0.0"})
            if answer.status_code != httpx.codes.OK or int(answer.headers["upload-offset"]) < offset:
                missing.append(f"{url.rpartition('/')[0]}: {answer.status_code}, not {offset} bytes")
    return missing
