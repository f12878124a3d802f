"""What a process counts, and how Prometheus reads it: families of samples in its text format, version 0.0.4.

Counting is a dictionary lookup and an addition, since every request does it. The counts are plain numbers that any
process can add to those of another, which a registry of a client library, with its own locks, would not allow.
https://prometheus.io/docs/instrumenting/exposition_formats/ is the format.
"""

import platform
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import msgspec

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
"""The upper bounds of the buckets of durations, in seconds."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Kind = Literal["counter", "gauge", "histogram"]
Labels = Mapping[str, str]

_FIRST: Final = frozenset({"satchel_build_info", "process_start_time_seconds"})
"""Families of which several processes have the first one's values, and no sums."""

_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_ESCAPED_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
_NONE: Labels = {}


@dataclass(frozen=True, slots=True)
class Sample:
    """One value.

    Attributes:
        ending: of its name, behind that of its family.
    """

    value: int | float
    labels: Labels = field(default_factory=dict[str, str])
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Samples of one name, and what they mean."""

    name: str
    kind: Kind
    meaning: str
    samples: Sequence[Sample]


class Histogram:
    """Durations by labels, in buckets.

    Args:
        name: in seconds.
        meaning: for its HELP line.
        labels: their names.
    """

    def __init__(self, name: str, meaning: str, labels: Sequence[str]) -> None:
        self._name = name
        self._meaning = meaning
        self._labels = tuple(labels)
        self._series: dict[tuple[str, ...], _Buckets] = {}

    def observe(self, seconds: float, *labels: str) -> None:
        """Count one duration, under the values of the labels in their order."""
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = _Buckets()
        series.counts[bisect_left(BOUNDS_S, seconds)] += 1
        series.sum_s += seconds

    def totals(self, label: str) -> Mapping[str, int]:
        """Return how many durations were counted, by the values of one label."""
        place = self._labels.index(label)
        found: dict[str, int] = {}
        for values, series in self._series.items():
            found[values[place]] = found.get(values[place], 0) + sum(series.counts)
        return found

    @property
    def sum_s(self) -> float:
        """All durations together."""
        return sum(series.sum_s for series in self._series.values())

    def family(self) -> Family:
        """Return the family of all series."""
        samples: list[Sample] = []
        for values, series in sorted(self._series.items()):
            labels = dict(zip(self._labels, values, strict=True))
            count = 0
            for bound, within in zip((*map(str, BOUNDS_S), "+Inf"), series.counts, strict=True):
                count += within
                samples.append(Sample(count, {**labels, "le": bound}, "_bucket"))
            samples += [Sample(series.sum_s, labels, "_sum"), Sample(count, labels, "_count")]
        return Family(self._name, "histogram", self._meaning, samples)


@dataclass(slots=True)
class _Buckets:
    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    sum_s: float = 0.0


class Metrics:
    """What a process has done since it started.

    Args:
        version: of Satchel.
    """

    def __init__(self, version: str) -> None:
        self._version = version
        self._received = 0
        self._sent = 0
        self._requests = Histogram(
            "satchel_request_duration_seconds",
            "Requests by method, route and class of status, from their head to the end of the answer.",
            ("method", "route", "status"),
        )
        self._jobs = Histogram(
            "satchel_job_duration_seconds",
            "Jobs that this process ran, by name and outcome (done, failed).",
            ("name", "outcome"),
        )

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
        self._requests.observe(seconds, method, route, f"{status // 100}xx")
        self._received += received
        self._sent += sent

    @property
    def done(self) -> tuple[int, int]:
        """How many MiB requests have moved and how many jobs have run: it changes when there was work."""
        return (self._received + self._sent) // 2**20, sum(self._jobs.totals("outcome").values())

    def count_job(self, name: str, seconds: float, *, is_done: bool) -> None:
        """Count one run of a job."""
        self._jobs.observe(seconds, name, "done" if is_done else "failed")

    def families(self) -> list[Family]:
        """Return everything, as of now."""
        by_status = sorted(self._requests.totals("status").items())
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
                [Sample(count, {"status": status}) for status, count in by_status],
            ),
            counter("satchel_request_seconds_total", "Seconds that requests took, together.", self._requests.sum_s),
            counter("satchel_received_bytes_total", "Bytes of bodies that requests declared.", self._received),
            counter("satchel_sent_bytes_total", "Bytes of bodies of answers.", self._sent),
            self._requests.family(),
            self._jobs.family(),
        ]


def packed(families: Sequence[Family]) -> bytes:
    """Return families as one process sends them to another."""
    return msgspec.json.encode(families)


def unpacked(counts: bytes) -> list[Family]:
    """Return the families of `packed`."""
    return msgspec.json.decode(counts, type=list[Family])


def merged(processes: Iterable[bytes]) -> bytes:
    """Return what several processes have counted as that of one: sums, but for `_FIRST`."""
    found: dict[str, Family] = {}
    sums: dict[str, dict[tuple[str, frozenset[tuple[str, str]]], Sample]] = {}
    for family in (one for counts in processes for one in unpacked(counts)):
        found.setdefault(family.name, family)
        samples = sums.setdefault(family.name, {})
        for one in family.samples:
            key = one.ending, frozenset(one.labels.items())
            known = samples.get(key)
            if known is None or family.name not in _FIRST:
                value = one.value + (0 if known is None else known.value)
                samples[key] = Sample(value, one.labels, one.ending)
    return packed([replace(one, samples=list(sums[name].values())) for name, one in found.items()])


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


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{value.translate(_ESCAPED)}"' for name, value in labels.items()) + "}"
