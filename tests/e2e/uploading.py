"""What the whole-path tests share: making tickets, files of any size, and fetching them back."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx

MEBIBYTE = 1024 * 1024


def make_file(path: Path, size: int, seed: int = 0) -> str:
    """Write `size` bytes that do not repeat and return their SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        block = hashlib.sha256(str(seed).encode()).digest() * (MEBIBYTE // 32)
        left, number = size, 0
        while left > 0:
            piece = (number.to_bytes(32, "big") + block)[: min(left, MEBIBYTE)]
            file.write(piece)
            digest.update(piece)
            left -= len(piece)
            number += 1
    return digest.hexdigest()


def ask(client: httpx.Client, size: int, **fields: object) -> dict[str, object]:
    """Ask for a ticket for the start form of the File Collection, unless `fields` say otherwise."""
    target = fields.pop("target", {"app": "COL", "field": "files"})
    answer = client.post("/api/v1/uploads", json={**target, "size": size, **fields})  # type: ignore[dict-item]  # a mapping
    assert answer.status_code == 201, answer.text
    ticket: dict[str, object] = answer.json()
    return ticket


def start(client: httpx.Client, subject: str, uploads: list[int]) -> int:
    """Start a File Collection that claims uploads and return its number."""
    body = {"values": {"subject": subject, "files": uploads}}
    answer = client.post("/api/v1/apps/COL/instances", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["instance"]["id"])


def digest_of(client: httpx.Client, file_id: int) -> str:
    """Fetch a file whole and return its SHA-256."""
    digest = hashlib.sha256()
    with client.stream("GET", f"/api/v1/files/{file_id}/content") as answer:
        assert answer.status_code == 200
        for chunk in answer.iter_bytes():
            digest.update(chunk)
    return digest.hexdigest()


def pieces(path: Path, size: int = MEBIBYTE) -> Iterator[bytes]:
    """Give a file's bytes piece by piece."""
    with path.open("rb") as file:
        while piece := file.read(size):
            yield piece
