"""Tasks: mine and offered; claim, release, assign, arrive, save, complete."""

from collections.abc import Awaitable, Callable

from satchel.actions import tasks
from satchel.actions.context import Context
from satchel.model.actor import Actor
from satchel.model.errors import InvalidRequest, NotFound
from satchel.model.ids import TaskId, UserId
from satchel.surfaces.kit.exchange import Exchange, Reply, endpoint, json_reply
from satchel.surfaces.native import render, wire


def _id(exchange: Exchange) -> TaskId:
    return TaskId(exchange.number("task", "task"))


async def listing(exchange: Exchange) -> Reply:
    """List the open tasks that one holds (filter=mine) or may claim (filter=offered)."""
    after, limit = exchange.page()
    match exchange.query("filter"):
        case "mine" | None:
            found = await tasks.mine(exchange.context, exchange.actor, after=after, limit=limit + 1)
        case "offered":
            found = await tasks.offered(exchange.context, exchange.actor, after=after, limit=limit + 1)
        case _:
            raise InvalidRequest("filter must be mine or offered.", pointer="/filter")
    return json_reply(render.page(found, limit, render.task))


async def read(exchange: Exchange) -> Reply:
    """Return a task with its form and what that shows."""
    seen = await tasks.read(exchange.context, exchange.actor, _id(exchange))
    return json_reply(render.task_view(seen), headers=render.etag(seen.task.revision))


async def _after(exchange: Exchange, task: TaskId) -> Reply:
    """Return a task after a change; nothing to somebody who by now may not see it."""
    try:
        seen = await tasks.find(exchange.context, exchange.actor, task)
    except NotFound:
        return Reply(status=204)
    return json_reply(render.task(seen), headers=render.etag(seen.revision))


async def _do(exchange: Exchange, action: Callable[..., Awaitable[None]]) -> Reply:
    context: Context = exchange.context
    actor: Actor = exchange.actor
    task = _id(exchange)
    await action(context, actor, task, expected=exchange.revision())
    return await _after(exchange, task)


async def claim(exchange: Exchange) -> Reply:
    """Take a task that is offered."""
    return await _do(exchange, tasks.claim)


async def release(exchange: Exchange) -> Reply:
    """Offer a task again that one holds."""
    return await _do(exchange, tasks.release)


async def arrive(exchange: Exchange) -> Reply:
    """Say that one has begun."""
    return await _do(exchange, tasks.arrive)


async def assign(exchange: Exchange) -> Reply:
    """Give a task to a user."""
    given = await exchange.read(wire.Assign)
    task = _id(exchange)
    await tasks.assign(exchange.context, exchange.actor, task, UserId(given.user), expected=exchange.revision())
    return await _after(exchange, task)


async def save(exchange: Exchange) -> Reply:
    """Save a task's form without finishing it."""
    given = await exchange.read(wire.Filled)
    task = _id(exchange)
    await tasks.save(exchange.context, exchange.actor, task, given.submission(), expected=exchange.revision())
    return await _after(exchange, task)


async def complete(exchange: Exchange) -> Reply:
    """Complete a task with its form and outcome."""
    given = await exchange.read(wire.Completed)
    task = _id(exchange)
    await tasks.complete(
        exchange.context,
        exchange.actor,
        task,
        given.submission(),
        outcome=given.outcome,
        expected=exchange.revision(),
    )
    return await _after(exchange, task)


ENDPOINTS = (
    endpoint("GET", "/api/v1/tasks", listing),
    endpoint("GET", "/api/v1/tasks/{task}", read),
    endpoint("POST", "/api/v1/tasks/{task}/claim", claim),
    endpoint("POST", "/api/v1/tasks/{task}/release", release),
    endpoint("POST", "/api/v1/tasks/{task}/assign", assign, body=wire.Assign),
    endpoint("POST", "/api/v1/tasks/{task}/arrive", arrive),
    endpoint("POST", "/api/v1/tasks/{task}/save", save, body=wire.Filled),
    endpoint("POST", "/api/v1/tasks/{task}/complete", complete, body=wire.Completed),
)
"""The routes of this module."""
