"""What the desk gives to the modules of its subjects: findings, answers, moves, timers, orders, visits.

They, and campaigns, know the desk by this and by nothing more, so that imports go one way: the desk imports
its subjects (:mod:`services.tickets.desk`), and they import what is here. Desk conforms by its shape; mypy
holds it to that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from services.policy import Policy
from services.tickets import rules
from services.tickets.levels import TicketClock
from services.tickets.lifecycle import Role
from services.tickets.repository import Device, Ticket
from services.tickets.rules import Situation
from services.titles import Titles
from zerodistance.catalogue.model import Catalogue
from zerodistance.clock import Clock
from zerodistance.messages import Finding
from zerodistance.store.database import Connection


class CommonCauses(Protocol):
    """What findings ask of the campaigns (:class:`services.campaigns.desk.Campaigns`)."""

    def take(self, conn: Connection, device: Device, finding: Finding) -> bool:
        """Take a finding into the open campaign that it belongs to; return whether there is one."""

    def look(self, conn: Connection, device: Device, finding: Finding) -> object:
        """Open a campaign if a finding's cause has become common; return it, else None."""

    def recovered(self, conn: Connection, finding: Finding) -> bool:
        """Note that a finding of a campaign has cleared; return whether it is one."""


class TicketDesk(Protocol):
    """The desk (:class:`services.tickets.desk.Desk`), as its subjects know it."""

    @property
    def catalogue(self) -> Catalogue:
        """Faults, questions, commands."""

    @property
    def clock(self) -> Clock:
        """Platform time, by which every deadline goes."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Further channels than the inbox that people are told through."""

    @property
    def policy(self) -> Policy:
        """Levels, calendars, waits."""

    @property
    def titles(self) -> Titles:
        """Names for people."""

    @property
    def campaigns(self) -> CommonCauses:
        """What becomes of causes that many appliances share."""

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
        """Open a ticket as the first decision says, and carry the others out."""

    def carry_out(
        self,
        conn: Connection,
        device: Device,
        ticket: Ticket,
        decisions: Sequence[rules.Decision],
        changes: Mapping[str, Any] | None = None,
        actor: str = "",
    ) -> Ticket:
        """Carry decisions out; ``changes`` are written along with the first that touches the ticket."""

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
        """Write a change with its line of history, and set the clock's timers where it moves them."""

    def situation(
        self, conn: Connection, device: Device, ticket: Ticket, cause: str | None = None
    ) -> Situation:
        """Return what the rules know of a ticket; ``cause`` replaces its own."""

    def clock_of(self, device: Device) -> TicketClock:
        """Return the clock by which tickets of an appliance go."""

    def device_of(self, conn: Connection, ticket: Ticket) -> Device:
        """Return a ticket's appliance."""
