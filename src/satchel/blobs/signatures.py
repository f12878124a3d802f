"""Signatures: the strokes of a pad, as SVG path data, drawn as a PNG.

Only path data is accepted, never SVG: there is no markup to execute, and only lines to draw. Blocks for a few
milliseconds.
"""

import io
import re
from collections.abc import Iterator
from itertools import pairwise
from math import ceil, isfinite

from PIL import Image, ImageDraw

from satchel.model.errors import BadFile

MAX_PATH_CHARACTERS = 200_000
MAX_COORDINATE = 10_000
MAX_SEGMENTS = 20_000
SIGNATURE_EDGE = 1200
"""The longest edge of the PNG, in pixels."""

_TOKEN = re.compile(r"([MmLlHhVvCcQqZz])|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)|[\s,]+", re.ASCII)
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "Z": 0}
_MARGIN = 0.04
_SUPERSAMPLING = 2  # drawn this much larger and scaled down: Pillow draws lines without smoothing
_STROKE = 0.006  # of the longest edge
_CURVE_STEPS = 12

Point = tuple[float, float]


def signature_png(path_data: str) -> bytes:
    """Return the strokes as black lines on white, cropped to them with a margin, `SIGNATURE_EDGE` at the longest edge.

    Args:
        path_data: SVG path data of the commands M, L, H, V, C, Q and Z, absolute or relative; y points down.

    Raises:
        BadFile: it is malformed, too large, or has no stroke.
    """
    strokes = [stroke for stroke in _strokes(path_data) if stroke]
    points = [point for stroke in strokes for point in stroke]
    if not points:
        raise _refused("it has no strokes")
    left, top = min(x for x, _ in points), min(y for _, y in points)
    width, height = max(x for x, _ in points) - left, max(y for _, y in points) - top
    longest = max(width, height, 1.0)
    edge = SIGNATURE_EDGE * _SUPERSAMPLING
    margin = edge * _MARGIN
    scale = (edge - 2 * margin) / longest
    size = (ceil(width * scale + 2 * margin), ceil(height * scale + 2 * margin))
    image = Image.new("L", size, 255)
    pen = ImageDraw.Draw(image)
    thickness = max(1, round(edge * _STROKE))
    for stroke in strokes:
        line = [((x - left) * scale + margin, (y - top) * scale + margin) for x, y in stroke]
        pen.line(line, fill=0, width=thickness, joint="curve")
        for x, y in (line[0], line[-1]):
            pen.ellipse((x - thickness / 2, y - thickness / 2, x + thickness / 2, y + thickness / 2), fill=0)
    small = image.resize(  # pyright: ignore[reportUnknownMemberType]  # Pillow leaves a parameter untyped
        (max(1, size[0] // _SUPERSAMPLING), max(1, size[1] // _SUPERSAMPLING)), Image.Resampling.BOX
    )
    stream = io.BytesIO()
    small.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _strokes(path_data: str) -> list[list[Point]]:
    """Return the path as strokes, each a line through points."""
    strokes: list[list[Point]] = []
    at: Point = (0.0, 0.0)
    segments = 0
    for command, numbers in _commands(path_data):
        segments += 1
        if segments > MAX_SEGMENTS:
            raise _refused(f"it has more than {MAX_SEGMENTS} segments")
        if command not in "Mm" and not strokes:
            raise _refused("it does not begin with M")
        letter = command.upper()
        if letter == "Z":
            strokes[-1].append(strokes[-1][0])
            at = strokes[-1][0]
            continue
        ends = _points(letter, numbers, at, is_relative=command.islower())
        if any(abs(value) > MAX_COORDINATE for point in ends for value in point):
            raise _refused(f"a coordinate is beyond {MAX_COORDINATE}")
        if letter == "M":
            strokes.append([ends[-1]])
        else:
            strokes[-1].extend(_curve(at, *ends) if letter in "CQ" else ends)
        at = ends[-1]
    return strokes


def _commands(path_data: str) -> Iterator[tuple[str, list[float]]]:
    """Yield each command with its numbers; further numbers repeat it, a move as a line, as in SVG."""
    command = ""
    numbers: list[float] = []
    is_satisfied = True
    for token in _tokens(path_data):
        if token.isalpha():
            if not is_satisfied or numbers:
                raise _refused(f"{command} lacks a number")
            command = token
            is_satisfied = command in "Zz"
            if is_satisfied:
                yield command, []
                command = ""
            continue
        if not command:
            raise _refused("a number has no command")
        numbers.append(_number(token))
        if len(numbers) == _ARGUMENTS[command.upper()]:
            yield command, numbers
            numbers = []
            is_satisfied = True
            command = {"M": "L", "m": "l"}.get(command, command)
    if not is_satisfied or numbers:
        raise _refused(f"{command} lacks a number")


def _tokens(path_data: str) -> Iterator[str]:
    """Yield the letters and the numbers."""
    if len(path_data) > MAX_PATH_CHARACTERS:
        raise _refused(f"it has more than {MAX_PATH_CHARACTERS} characters")
    at = 0
    while at < len(path_data):
        match = _TOKEN.match(path_data, at)
        if match is None:
            raise _refused(f"{path_data[at]!r} is not understood")
        at = match.end()
        if match[1] or match[2]:
            yield match[0]


def _number(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise _refused("a number is too large")
    return number


def _points(letter: str, numbers: list[float], at: Point, *, is_relative: bool) -> list[Point]:
    """Return a command's points as absolute ones."""
    x, y = at if is_relative else (0.0, 0.0)
    if letter == "H":
        return [(x + numbers[0], at[1])]
    if letter == "V":
        return [(at[0], y + numbers[0])]
    return [(x + right, y + down) for right, down in zip(numbers[::2], numbers[1::2], strict=True)]


def _curve(*control: Point) -> list[Point]:
    """Return points along a Bézier curve of any degree, without its first (de Casteljau's construction)."""
    found: list[Point] = []
    for step in range(1, _CURVE_STEPS + 1):
        share = step / _CURVE_STEPS
        points: list[Point] = list(control)
        while len(points) > 1:
            points = [(a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share) for a, b in pairwise(points)]
        found.append(points[0])
    return found


def _refused(reason: str) -> BadFile:
    return BadFile("file_type", f"The signature's path data was refused: {reason}. Send the strokes of the pad again.")
