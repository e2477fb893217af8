"""What `work` takes off the log: findings for the ticket desk, and what appliances reply to commands."""

from __future__ import annotations

from services.commands import repository as commands
from services.commands.lifecycle import State
from services.scenarios import partners
from services.tickets.desk import Desk
from services.tickets.reports import unknown_code
from zerodistance.clock import Clock
from zerodistance.errors import InvalidMessageError
from zerodistance.log import Record
from zerodistance.messages import (
    COHORTS,
    EVENTS,
    FINDINGS,
    DeviceEvent,
    decode_deviation,
    decode_event,
    decode_finding,
)
from zerodistance.settings import Settings
from zerodistance.store.database import Connection

TOPICS = (FINDINGS, EVENTS, COHORTS)
_REPLIES = {"done": State.DONE, "refused": State.REFUSED, "failed": State.FAILED}


class Intake:
    """Takes one record; everything it changes is in the transaction of ``conn``."""

    def __init__(self, desk: Desk, clock: Clock, settings: Settings | None = None) -> None:
        self._desk = desk
        self._clock = clock
        self._settings = settings

    def take(self, conn: Connection, record: Record) -> str:
        """Work a record off and return what became of it.

        Raises:
            InvalidMessageError: the record cannot be read.
        """
        if record.topic == FINDINGS:
            return self._desk.take_finding(conn, decode_finding(record.value))
        if record.topic == COHORTS:
            return f"cohort_{self._desk.campaigns.deviates(conn, decode_deviation(record.value))}"
        event = decode_event(record.value)
        if event.kind == "reply":
            return self.take_reply(conn, event)
        if event.kind == "fault":
            return self.take_code(conn, event)
        if self._settings is not None and partners.keep(conn, self._settings, self._desk.policy, event):
            return "partner"
        return "event"

    def take_code(self, conn: Connection, event: DeviceEvent) -> str:
        """Take a fault code; the diagnosis does so with those that the catalogue has."""
        appliance = self._desk.catalogue.get(event.type)
        if appliance is None or event.code in appliance.fault_codes:
            return "code"
        return f"code_{unknown_code(self._desk, conn, event)}"

    def take_reply(self, conn: Connection, event: DeviceEvent) -> str:
        """Take what an appliance says of a command; only its own commands, and only once.

        Raises:
            InvalidMessageError: the outcome is none that a reply may have.
        """
        outcome = event.data.get("outcome")
        state = _REPLIES.get(outcome) if isinstance(outcome, str) else None
        if state is None:
            raise InvalidMessageError("wrong_shape", f"A reply cannot have the outcome {outcome!r}.")
        reason = event.data.get("reason")
        said = reason if isinstance(reason, str) else ""
        command = self._desk.lock_command(conn, event.code)
        if command is None:
            return "reply_unknown"
        ended = commands.finish(conn, event.code, event.device, state, said, self._clock.now())
        if ended is None:
            late = commands.note_late_reply(conn, event.code, event.device, f"{state.value} {said}".strip())
            return "reply_late" if late else "reply_unknown"
        self._desk.command_ended(conn, ended)
        return f"reply_{state.value}"
