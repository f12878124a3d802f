"""Pages of lists, and ETags."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar


class Numbered(Protocol):
    """A row of a list that goes by id."""

    @property
    def id(self) -> int:
        """Its number."""
        ...


Row = TypeVar("Row", bound=Numbered)
Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)
Page = TypeVar("Page")
Page_co = TypeVar("Page_co", covariant=True)


class PageType(Protocol[Item_contra, Page_co]):
    """The type of a page."""

    def __call__(self, *, items: Sequence[Item_contra], next: str | None) -> Page_co:  # noqa: A002  # the API's own name
        """Return a page."""
        ...


def page(found: Sequence[Row], limit: int, kind: PageType[Item, Page], show: Callable[[Row], Item]) -> Page:
    """Return a page of a list that goes by id, with the cursor of the next one where there is more.

    Args:
        found: one row more than the page holds, if there are so many.
        limit: the most that the page holds.
        kind: the type of the page.
        show: returns a row as the page's type of item.
    """
    shown = found[:limit]
    return kind(items=[show(row) for row in shown], next=str(shown[-1].id) if len(found) > limit else None)


def etag(revision: int) -> dict[str, str]:
    """Return the header that names a revision."""
    return {"ETag": f'"{revision}"'}
