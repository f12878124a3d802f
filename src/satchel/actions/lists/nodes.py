"""Elements of a process by number, for APIs that number them: their places in the document, counted from 0."""

from collections.abc import Sequence

from satchel.actions.loading import LoadedApp
from satchel.engine.graph import ROOT, Kind, Node
from satchel.model.errors import NotFound
from satchel.model.ids import ElementId

WAITING = frozenset({Kind.RECEIVE_TASK, Kind.CATCH_MESSAGE})
"""What waits for a message."""


def every(app: LoadedApp) -> Sequence[Node]:
    """Return the elements of this version of an app, by number."""
    return list(app.definition.process.nodes.values())


def number_of(app: LoadedApp, element: ElementId) -> int:
    """Return the number of an element that this version of an app has."""
    return list(app.definition.process.nodes).index(element)


def numbered(app: LoadedApp, number: int) -> Node:
    """Return the element with a number.

    Raises:
        NotFound: there is none.
    """
    nodes = every(app)
    if number >= len(nodes):
        raise NotFound("node", number)
    return nodes[number]


def start_of(app: LoadedApp) -> Node:
    """Return the start event of a process; it has exactly one."""
    return app.definition.process.nodes[app.definition.process.starts[ROOT]]
