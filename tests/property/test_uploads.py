"""Tickets through every order of events: what each becomes, and what the quota counts, against a plain model."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from satchel.actions.files import intake, pieces
from satchel.actions.files import tickets as uploads
from satchel.actions.files.tickets import Ticket
from satchel.actions.instances import tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.upkeep import sweep
from satchel.model.errors import InvalidState, SatchelError, TooLarge, UploadExpired
from satchel.model.ids import InstanceId, TaskId
from satchel.model.transfer.names import format_upload_metadata
from satchel.model.uploads import UploadState
from stage import Stage
from world import bundle, chunks, fields

LIFETIME = timedelta(minutes=10)
APP = bundle(
    {
        "code": "UPL",
        "fields": fields({"id": "files", "type": "file", "max_files": 100, "max_unclaimed": 100}),
        "start": {"fields": {}},
        "tasks": {"a": {"assign": {"starter": True}, "fields": {"files": "edit"}}},
    }
)


@dataclass(kw_only=True)
class Modelled:
    """A ticket as it must be."""

    ticket: Ticket
    task: TaskId
    data: bytes
    declared: int
    expires_at: datetime
    state: str = "created"
    sent: int = 0

    @property
    def reserved(self) -> int:
        """What it holds of the quota."""
        if self.state in ("claimed", "expired"):
            return 0
        return len(self.data) if self.state == "uploaded" else self.declared


@pytest.fixture(scope="module", autouse=True)
def deployed(stage: Stage) -> None:
    stage.runner.run(stage.world.deploy(APP))


class Tickets(RuleBasedStateMachine):
    """One instance, its task, and the tickets that were asked for."""

    stage: ClassVar[Stage]
    tickets = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.world, self.run = self.stage.world, self.stage.runner.run
        before = self.run(self.world.storage())
        self.used, self.base = before.used_bytes, before.reserved_bytes
        self.known: list[Modelled] = []
        self._begin()

    def _begin(self) -> None:
        self.instance: InstanceId = self.run(self.world.start(self.world.admin, "UPL"))
        self.task = self.run(self.world.open_task(self.instance)).id
        self.held: list[int] = []

    @rule(target=tickets, size=st.integers(1, 300), spare=st.sampled_from([0, 50]))
    def ask(self, size: int, spare: int) -> Modelled:
        ticket = self.run(self.world.ask(self.world.admin, size=size + spare, field="files", task=self.task))
        data = bytes([len(self.known) % 256]) * size
        made = Modelled(
            ticket=ticket, task=self.task, data=data, declared=size + spare, expires_at=self.world.clock() + LIFETIME
        )
        self.known.append(made)
        return made

    @rule(wanted=tickets)
    def put(self, wanted: Modelled) -> None:
        if wanted.sent:
            return  # a tus upload goes on as one
        try:
            self.run(self.world.fill(wanted.ticket, wanted.data, name="a.bin"))
        except SatchelError as error:
            self._check_refusal(wanted, error)
        else:
            assert self._is_open(wanted)
            wanted.state = "uploaded"

    @rule(wanted=tickets, part=st.integers(1, 300))
    def send_a_piece(self, wanted: Modelled, part: int) -> None:
        piece = wanted.data[wanted.sent : wanted.sent + part]
        try:
            if not wanted.sent:
                said = format_upload_metadata({"filename": "t.bin"})
                upload = self.run(self.world.find(wanted.ticket))
                self.run(pieces.announce(self.world.context, upload, length=len(wanted.data), metadata=said))
            upload = self.run(self.world.find(wanted.ticket))
            self.run(pieces.append(self.world.context, upload, wanted.sent, chunks(piece), checksum=None))
        except SatchelError as error:
            self._check_refusal(wanted, error)
        else:
            assert self._is_open(wanted)
            wanted.sent += len(piece)
            wanted.expires_at = self.world.clock() + LIFETIME
            wanted.state = "uploaded" if wanted.sent == len(wanted.data) else "partial"

    @rule(wanted=tickets)
    def break_off(self, wanted: Modelled) -> None:
        if wanted.sent:
            return

        async def broken() -> AsyncIterator[bytes]:
            yield wanted.data[:1]
            raise ConnectionResetError

        async def attempt() -> None:
            await intake.receive(self.world.context, await self.world.find(wanted.ticket), broken(), intake.Arrival())

        with pytest.raises((ConnectionResetError, SatchelError)) as raised:
            self.run(attempt())
        assert isinstance(raised.value, ConnectionResetError) == self._is_open(wanted)

    @rule(wanted=tickets)
    def send_too_much(self, wanted: Modelled) -> None:
        if wanted.sent:
            return
        with pytest.raises(SatchelError) as refused:
            self.run(self.world.fill(wanted.ticket, bytes(wanted.declared + 1), name="a.bin"))
        if not isinstance(refused.value, TooLarge):
            self._check_refusal(wanted, refused.value)

    def _is_open(self, wanted: Modelled) -> bool:
        return wanted.state in ("created", "partial") and wanted.expires_at > self.world.clock()

    def _check_refusal(self, wanted: Modelled, error: SatchelError) -> None:
        assert not self._is_open(wanted), error
        late = wanted.state in ("created", "partial", "expired")
        assert isinstance(error, UploadExpired if late else InvalidState), (wanted.state, error)

    @rule(named=st.lists(tickets, max_size=4))
    def save(self, named: list[Modelled]) -> None:
        self._submit(named, complete=False)

    @rule(named=st.lists(tickets, max_size=4))
    def complete(self, named: list[Modelled]) -> None:
        self._submit(named, complete=True)

    def _submit(self, named: list[Modelled], *, complete: bool) -> None:
        here = [one for one in named if one.task == self.task and one.state == "uploaded"]
        chosen = list(dict.fromkeys(int(one.ticket.id) for one in here))
        values = {"files": [*self.held, *chosen]}
        act = tasks.complete if complete else tasks.save
        self.run(act(self.world.context, self.world.admin, self.task, Submission(values=values)))
        for one in self.known:
            if int(one.ticket.id) in chosen:
                one.state = "claimed"
                self.used += len(one.data)
            elif complete and one.task == self.task and one.state in ("created", "partial", "uploaded"):
                one.state = "expired"
        self.held += chosen
        if complete:
            self._begin()

    @rule(wanted=consumes(tickets))
    def give_up(self, wanted: Modelled) -> None:
        if self._is_open(wanted) or wanted.state == "uploaded":
            self.run(uploads.end(self.world.context, self.run(self.world.find(wanted.ticket)), reason="deleted"))
            wanted.state = "expired"

    @rule(minutes=st.sampled_from([1, 6, 11, 60 * 25]))
    def let_time_pass(self, minutes: int) -> None:
        self.world.clock.advance(timedelta(minutes=minutes))
        self.run(sweep.sweep(self.world.context))
        for one in self.known:
            if one.state in ("created", "partial") and one.expires_at <= self.world.clock():
                one.state = "expired"

    @invariant()
    def every_ticket_is_what_it_must_be(self) -> None:
        rows = {int(str(number)): state for number, state in self.run(self.world.rows("SELECT id, state FROM uploads"))}
        for one in self.known:
            known = UploadState.RECEIVING if one.state == "partial" else UploadState(one.state)
            assert rows.get(int(one.ticket.id), "expired") == known.value or one.state == "claimed"

    @invariant()
    def the_quota_counts_what_is_held(self) -> None:
        storage = self.run(self.world.storage())
        assert storage.used_bytes == self.used
        assert storage.reserved_bytes == self.base + sum(one.reserved for one in self.known)

    def teardown(self) -> None:
        self.run(
            tasks.complete(self.world.context, self.world.admin, self.task, Submission(values={"files": self.held}))
        )
        assert self.run(self.world.drift()) == []


def _run(stage: Stage, *, examples: int) -> None:
    Tickets.stage = stage
    how = settings(max_examples=examples, stateful_step_count=20, deadline=None)  # other tests run beside it
    run_state_machine_as_test(Tickets, settings=how)


def test_tickets_become_what_they_must_whatever_happens_in_between(stage: Stage) -> None:
    _run(stage, examples=8)


@pytest.mark.soak
def test_tickets_become_what_they_must_in_very_many_orders(stage: Stage) -> None:
    _run(stage, examples=300)
