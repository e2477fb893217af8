"""The ticket desk: takes what came in, asks the rules, and carries their decisions out.

What comes in is dealt with by the module of its subject: findings by :mod:`services.tickets.incidents`, what
owners say by :mod:`services.tickets.answers`, moves of staff by :mod:`services.tickets.moves`, what comes due
by :mod:`services.tickets.timers`, commands by :mod:`services.tickets.orders`. Here is what they share.

Each method works inside the caller's transaction and locks the ticket before anything that hangs on it
(messages, timers, commands), so that whoever comes second sees what the first one did.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from services.campaigns.desk import Campaigns
from services.commands.lifecycle import State as CommandState
from services.commands.repository import CommandRow
from services.messages.quiet import zone_of
from services.messages.repository import Message
from services.policy import Policy, default_policy
from services.tickets import answers, incidents, moves, orders, repository, rules, timers, visiting
from services.tickets.announce import announce
from services.tickets.changes import consequences
from services.tickets.incidents import Taken
from services.tickets.levels import CLOCK_KINDS, TicketClock
from services.tickets.lifecycle import Details, Role, State, check_move
from services.tickets.repository import Device, Ticket
from services.tickets.rules import Situation
from services.titles import Titles
from zerodistance.catalogue.model import Catalogue
from zerodistance.clock import Clock
from zerodistance.errors import NotFoundError, StoreError
from zerodistance.messages import Finding
from zerodistance.store.database import Connection

_ACTORS = {Role.PLATFORM: "platform", Role.OWNER: "owner"}
# Whoever changes one of these may move the moments at which the clock rings.
_CLOCKED = frozenset({"state", "urgency", "respond_by", "resolve_by", "responded_at", "escalation"})


class Desk:
    """Everything that happens to tickets.

    Args:
        catalogue: faults, questions, commands.
        clock: platform time, by which every deadline goes.
        channels: further channels than the inbox that people are told through.
        policy: levels, calendars, waits; None for those that come with the platform.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        clock: Clock,
        channels: tuple[str, ...] = (),
        policy: Policy | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.clock = clock
        self.channels = channels
        self.policy = policy or default_policy()
        self.titles = Titles(catalogue)
        self.campaigns = Campaigns(self)

    # --- what comes in ---

    def take_finding(self, conn: Connection, finding: Finding) -> Taken:
        """Take a finding or a revision of one, see :func:`services.tickets.incidents.take`."""
        return incidents.take(self, conn, finding)

    def answer(self, conn: Connection, household_id: str, message_id: str, answer: str) -> Message:
        """Take the owner's answer, see :func:`services.tickets.answers.answer`."""
        return answers.answer(self, conn, household_id, message_id, answer)

    def rate(
        self,
        conn: Connection,
        household_id: str,
        ticket_id: str,
        rating: int,
        scores: Mapping[str, int] | None = None,
    ) -> Ticket:
        """Take the owner's rating, see :func:`services.tickets.answers.rate`."""
        return answers.rate(self, conn, household_id, ticket_id, rating, scores)

    def move(
        self,
        conn: Connection,
        ticket_id: str,
        version: int,
        to: State,
        details: Details,
        *,
        roles: Collection[Role],
        actor: str,
    ) -> Ticket:
        """Move a ticket as a person asks, see :func:`services.tickets.moves.move`."""
        return moves.move(self, conn, ticket_id, version, to, details, roles=roles, actor=actor)

    def fire_due_timer(self, conn: Connection) -> bool:
        """Do what one due timer was set for, see :func:`services.tickets.timers.fire_due`."""
        return timers.fire_due(self, conn)

    def lock_command(self, conn: Connection, command_id: str) -> CommandRow | None:
        """Return a command with its ticket locked, see :func:`services.tickets.orders.lock`."""
        return orders.lock(conn, command_id)

    def end_overdue_command(self, conn: Connection, *, shortest_s: float) -> CommandRow | None:
        """End one command whose time is over, see :func:`services.tickets.orders.end_overdue`."""
        return orders.end_overdue(self, conn, shortest_s=shortest_s)

    def command_ended(self, conn: Connection, command: CommandRow) -> None:
        """Let a ticket know what became of its command, see :func:`services.tickets.orders.ended`."""
        orders.ended(self, conn, command)

    # --- decisions ---

    def open_ticket(
        self,
        conn: Connection,
        device: Device,
        values: Mapping[str, Any],
        decisions: Sequence[rules.Decision],
        *,
        role: Role = Role.PLATFORM,
        actor: str = "platform",
    ) -> Ticket:
        """Open a ticket as the first decision says, and carry the others out.

        Args:
            values: columns, with origin, cause, urgency and onset among them.
            decisions: the first one is an :class:`~services.tickets.rules.Open`.
            role: in which capacity it is opened.
            actor: by whom, for the history.

        Raises:
            ConflictError: the device has an open ticket already.
        """
        first = decisions[0]
        if not isinstance(first, rules.Open):
            raise StoreError("The rules did not say how to open this ticket.")
        check_move(None, first.state, {role}, Details(note=first.note))
        now = self.clock.now()
        warranty = device.warranty_until is None or device.warranty_until >= now.date()
        clocked = self.clock_of(device)
        columns = {**values, "opened_at": now, **clocked.opened(values["urgency"], now, warranty=warranty)}
        ticket = repository.insert(conn, device, first.state, columns, note=first.note, actor=actor)
        repository.set_timers(conn, ticket, CLOCK_KINDS, clocked.timers(ticket, now), now)
        if ticket.finding_id is not None:
            repository.attach_finding(conn, ticket.finding_id, ticket.id)
        return self.carry_out(conn, device, ticket, decisions[1:])

    def carry_out(
        self,
        conn: Connection,
        device: Device,
        ticket: Ticket,
        decisions: Sequence[rules.Decision],
        changes: Mapping[str, Any] | None = None,
        actor: str = "",
    ) -> Ticket:
        """Carry decisions out; ``changes`` are written along with the first that touches the ticket.

        The history names ``actor``, or the role of each decision where none is given.
        """
        now = self.clock.now()
        extra = dict(changes or {})
        since = now
        for decision in decisions:
            match decision:
                case rules.Go():
                    details = Details(note=decision.note, outcome=decision.outcome)
                    check_move(State(ticket.state), decision.to, {decision.role}, details)
                    extra |= {"state": decision.to.value}
                    extra |= consequences(ticket, decision.to, now, self.clock_of(device))
                    if decision.outcome:
                        extra |= {"outcome": decision.outcome, "visit_avoided": decision.visit_avoided}
                    who = actor or _ACTORS[decision.role]
                    ticket = self.keep(conn, device, ticket, extra, actor=who, note=decision.note, now=now)
                    repository.stop_timers(conn, ticket.id, now, but=CLOCK_KINDS)
                    extra = {}
                case rules.Note():
                    who = actor or _ACTORS[decision.role]
                    ticket = self.keep(conn, device, ticket, extra, actor=who, note=decision.note, now=now)
                    extra = {}
                case rules.Tell():
                    offers = visiting.offers_for(self, conn, device, ticket, decision.news)
                    since = announce(
                        conn,
                        self.titles,
                        device,
                        ticket,
                        decision.news,
                        now=now,
                        answer_within=_answer_time(decisions),
                        channels=self.channels,
                        offers=visiting.as_answers(offers, device.time_zone),
                    )
                    if decision.news in visiting.WANTS_WINDOW:
                        visiting.offer_protection(self, conn, device, ticket, offers)
                case rules.WaitFor():
                    begin = now if decision.what is rules.Wait.RECOVERY else since
                    repository.start_timer(conn, ticket, decision.what, begin + decision.span)
                case rules.Command():
                    ticket = orders.give(self, conn, device, ticket, decision, now)
                case rules.Open():
                    raise StoreError("A ticket that is open cannot be opened.")
        return ticket

    def keep(
        self,
        conn: Connection,
        device: Device,
        ticket: Ticket,
        changes: Mapping[str, Any],
        *,
        actor: str,
        note: str,
        now: datetime,
    ) -> Ticket:
        """Write a change with its line of history, and set the clock's timers where it moves them.

        Raises:
            ConflictError: somebody else changed the ticket since it was read.
        """
        kept = repository.save(conn, ticket, changes, actor=actor, note=note, now=now)
        if _CLOCKED & changes.keys():
            wanted = self.clock_of(device).timers(kept, now)
            repository.set_timers(conn, kept, CLOCK_KINDS, wanted, now)
        return kept

    # --- what is known ---

    def situation(
        self, conn: Connection, device: Device, ticket: Ticket, cause: str | None = None
    ) -> Situation:
        """Return what the rules know of a ticket; ``cause`` replaces its own."""
        cause = ticket.cause if cause is None else cause
        row = conn.execute(
            "SELECT EXISTS (SELECT FROM finding WHERE ticket_id = %s AND state = 'open'),"
            " EXISTS (SELECT FROM command WHERE ticket_id = %s AND state = %s)",
            (ticket.id, ticket.id, CommandState.DONE.value),
        ).fetchone()
        abnormal, commanded = cast(tuple[bool, bool], row)
        return Situation(
            state=State(ticket.state),
            cause=cause,
            fault=self.titles.fault(device.type, cause),
            owner=device.household_id is not None,
            abnormal=abnormal,
            commanded=commanded,
            outcome=ticket.outcome,
            waits=self.policy.waits,
        )

    def clock_of(self, device: Device) -> TicketClock:
        """Return the clock by which tickets of an appliance go."""
        return TicketClock(self.policy, device.region, zone_of(device.time_zone))

    def device_of(self, conn: Connection, ticket: Ticket) -> Device:
        """Return a ticket's appliance."""
        device = repository.device(conn, ticket.device_id)
        if device is None:  # the foreign key makes this impossible
            raise NotFoundError(f"There is no device {ticket.device_id!r}.")
        return device


def _answer_time(decisions: Sequence[rules.Decision]) -> timedelta | None:
    """Return how long the owner has, if these decisions wait for an answer."""
    for decision in decisions:
        if isinstance(decision, rules.WaitFor) and decision.what is not rules.Wait.RECOVERY:
            return decision.span
    return None
