"""What a query returns as objects of a class."""

from dataclasses import dataclass
from enum import StrEnum

import pytest

from satchel.db.pool import Database


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, kw_only=True)
class Part:
    colour: Colour | None
    sizes: tuple[int, ...] | None


@dataclass(frozen=True, kw_only=True)
class Whole:
    name: str
    part: Part
    colours: list[str]


async def test_words_arrays_and_parts_become_what_the_class_declares(database: str) -> None:
    query = "SELECT ARRAY[3, 4] AS sizes, ARRAY['red'] AS colours, 'a' AS name, 'red' AS colour"
    async with Database(database) as opened, opened.read() as tx:
        (found,) = await tx.rows(Whole, query)

    assert found == Whole(name="a", part=Part(colour=Colour.RED, sizes=(3, 4)), colours=["red"])
    assert isinstance(found.part.colour, Colour)


async def test_null_stays_nothing_whatever_the_class_declares(database: str) -> None:
    async with Database(database) as opened, opened.read() as tx:
        found = await tx.row(Part, "SELECT NULL AS colour, NULL AS sizes")

    assert found == Part(colour=None, sizes=None)


async def test_a_column_too_many_is_refused(database: str) -> None:
    async with Database(database) as opened, opened.read() as tx:
        with pytest.raises(TypeError, match="weight"):
            await tx.row(Part, "SELECT NULL AS colour, NULL AS sizes, 1 AS weight")
