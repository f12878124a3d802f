"""What a process counts, and how Prometheus reads it: families of samples in its text format, version 0.0.4.

Counting is a dictionary lookup and an addition, since every request does it. The counts are plain numbers, which one
process can add to those of others (`merged`); the client library of Prometheus does so only through files.
https://prometheus.io/docs/instrumenting/exposition_formats/ is the format.
"""

import platform
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
"""The upper bounds of the buckets of durations, in seconds."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Kind = Literal["counter", "gauge", "histogram"]
Labels = Mapping[str, str]

_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_ESCAPED_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
_NONE: Labels = {}


@dataclass(frozen=True, slots=True)
class Sample:
    """One value.

    Attributes:
        ending: of its name, behind that of its family.
    """

    value: float
    labels: Labels = field(default_factory=dict[str, str])
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Samples of one name, and what they mean."""

    name: str
    kind: Kind
    meaning: str
    samples: Sequence[Sample]


class _Series(msgspec.Struct, array_like=True):
    """Durations under the same labels: how many in each bucket, and their sum."""

    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    sum_s: float = 0.0


_Histogram = dict[str, _Series]
"""Durations by the values of the labels, with line feeds between."""


class _Counts(msgspec.Struct):
    received: int = 0
    sent: int = 0
    requests: _Histogram = msgspec.field(default_factory=dict[str, _Series])
    jobs: _Histogram = msgspec.field(default_factory=dict[str, _Series])


Collect = Callable[[], Awaitable[bytes]]
"""Returns what all processes of a server have counted, as `merged` returns it."""


class Metrics:
    """What a process has done since it started.

    Args:
        version: of Satchel.
        collect: asks all processes of the server; None where this is the only one.
    """

    def __init__(self, version: str, collect: Collect | None = None) -> None:
        self._version = version
        self._collect = collect
        self._counts = _Counts()
        self._jobs = 0

    @property
    def done(self) -> tuple[int, int]:
        """How many MiB requests have moved and how many jobs have run: it changes when there was work."""
        return (self._counts.received + self._counts.sent) // 2**20, self._jobs

    def count_request(self, method: str, route: str, status: int, seconds: float, *, received: int, sent: int) -> None:
        """Count one answer.

        Args:
            method: a known one; the names of all others would be without end.
            route: the path of the endpoint, with names of parameters instead of values.
            status: of the answer; 0 where none was sent.
            seconds: how long it took.
            received: bytes of the request's body, as it declared them.
            sent: bytes of the answer's body.
        """
        counts = self._counts
        _observe(counts.requests, f"{method}\n{route}\n{status // 100}xx", seconds)
        counts.received += received
        counts.sent += sent

    def count_job(self, name: str, seconds: float, *, is_done: bool) -> None:
        """Count one run of a job."""
        self._jobs += 1
        _observe(self._counts.jobs, f"{name}\n{'done' if is_done else 'failed'}", seconds)

    def packed(self) -> bytes:
        """Return what this process has counted, for `merged`."""
        return msgspec.json.encode(self._counts)

    async def families(self) -> list[Family]:
        """Return what was counted until now, by all processes of the server."""
        counts = self._counts if self._collect is None else _unpacked(await self._collect())
        by_status: dict[str, int] = {}
        for labels, series in counts.requests.items():
            status = labels.rpartition("\n")[2]
            by_status[status] = by_status.get(status, 0) + sum(series.counts)
        seconds = sum(series.sum_s for series in counts.requests.values())
        return [
            gauge(
                "satchel_build_info",
                "1, with what runs as labels.",
                1,
                {"version": self._version, "python": platform.python_version()},
            ),
            Family(
                "satchel_requests_total",
                "counter",
                "Requests by class of status.",
                [Sample(count, {"status": status}) for status, count in sorted(by_status.items())],
            ),
            counter("satchel_request_seconds_total", "Seconds that requests took, together.", seconds),
            counter("satchel_received_bytes_total", "Bytes of bodies that requests declared.", counts.received),
            counter("satchel_sent_bytes_total", "Bytes of bodies of answers.", counts.sent),
            _family(
                "satchel_request_duration_seconds",
                "Requests by method, route and class of status, from their head to the end of the answer.",
                ("method", "route", "status"),
                counts.requests,
            ),
            _family(
                "satchel_job_duration_seconds",
                "Jobs by name and outcome (done, failed).",
                ("name", "outcome"),
                counts.jobs,
            ),
        ]


def merged(counts: Sequence[bytes]) -> bytes:
    """Return the sum of what several processes have counted."""
    whole = _Counts()
    for one in map(_unpacked, counts):
        whole.received += one.received
        whole.sent += one.sent
        _add(whole.requests, one.requests)
        _add(whole.jobs, one.jobs)
    return msgspec.json.encode(whole)


def gauge(name: str, meaning: str, value: float, labels: Labels = _NONE) -> Family:
    """Return a family of one value that rises and falls."""
    return Family(name, "gauge", meaning, [Sample(value, labels)])


def counter(name: str, meaning: str, value: float) -> Family:
    """Return a family of one value that only rises while the process runs."""
    return Family(name, "counter", meaning, [Sample(value)])


def as_text(families: Iterable[Family]) -> str:
    """Return families in Prometheus's text format; those without samples have their HELP and TYPE lines only."""
    lines: list[str] = []
    for family in families:
        lines.append(f"# HELP {family.name} {family.meaning.translate(_ESCAPED_HELP)}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        lines += [f"{family.name}{one.ending}{_labels(one.labels)} {one.value}" for one in family.samples]
    return "\n".join(lines) + "\n"


def _observe(histogram: _Histogram, labels: str, seconds: float) -> None:
    series = histogram.get(labels)
    if series is None:
        series = histogram[labels] = _Series()
    series.counts[bisect_left(BOUNDS_S, seconds)] += 1
    series.sum_s += seconds


def _add(histogram: _Histogram, other: _Histogram) -> None:
    for labels, series in other.items():
        known = histogram.setdefault(labels, _Series())
        known.counts = [sum(both) for both in zip(known.counts, series.counts, strict=True)]
        known.sum_s += series.sum_s


def _unpacked(packed: bytes) -> _Counts:
    return msgspec.json.decode(packed, type=_Counts)


def _family(name: str, meaning: str, labels: Sequence[str], histogram: _Histogram) -> Family:
    samples: list[Sample] = []
    for values, series in sorted(histogram.items()):
        named = dict(zip(labels, values.split("\n"), strict=True))
        count = 0
        for bound, within in zip((*map(str, BOUNDS_S), "+Inf"), series.counts, strict=True):
            count += within
            samples.append(Sample(count, {**named, "le": bound}, "_bucket"))
        samples += [Sample(series.sum_s, named, "_sum"), Sample(count, named, "_count")]
    return Family(name, "histogram", meaning, samples)


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{value.translate(_ESCAPED)}"' for name, value in labels.items()) + "}"
