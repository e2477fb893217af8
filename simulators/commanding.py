"""Check a command as the appliance's firmware would, and let the appliance obey."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

import msgspec

from simulators.physics.contract import Outcome
from simulators.simulation import FleetSimulation
from zerodistance.catalogue import Argument, Catalogue
from zerodistance.errors import ZeroDistanceError
from zerodistance.messages import CommandPayload

_REMEMBERED = 256  # command ids per fleet device that a repeated delivery is recognised by


class CommandDesk:
    """Takes commands for the whole fleet; each id is carried out once, and answered each time."""

    def __init__(self, fleet: FleetSimulation, catalogue: Catalogue) -> None:
        self._fleet, self._catalogue = fleet, catalogue
        self._done: OrderedDict[tuple[str, str], Outcome] = OrderedDict()

    def handle(self, device: str, payload: bytes, now: datetime) -> tuple[str, Outcome] | None:
        """Carry out one command and return (its id, the outcome); None for a payload that has no id."""
        try:
            command = msgspec.json.decode(payload, type=CommandPayload)
        except msgspec.DecodeError:
            return None
        key = (device, command.id)
        outcome = self._done.get(key)
        if outcome is None:
            outcome = self._done[key] = self._carry_out(device, command, now)
            while len(self._done) > _REMEMBERED * len(self._fleet.devices):
                self._done.popitem(last=False)
        return command.id, outcome

    def _carry_out(self, device: str, command: CommandPayload, now: datetime) -> Outcome:
        try:
            expires = datetime.fromisoformat(command.expires)
            expired = expires <= now
        except (ValueError, TypeError):
            return Outcome("refused", f"expires={command.expires!r} is not a time with a zone")
        if expired:
            return Outcome("refused", "the command has expired")
        known = self._catalogue.get_type(self._fleet.type_of(device)).commands.get(command.name)
        if known is None:
            return Outcome("refused", f"the command {command.name!r} is not known")
        for name, argument in known.arguments.items():
            problem = _problem(command.arguments.get(name), argument)
            if problem:
                return Outcome("refused", f"{name} {problem}")
        extra = set(command.arguments) - set(known.arguments)
        if extra:
            return Outcome("refused", f"{command.name} does not take {', '.join(sorted(extra))}")
        try:
            return self._fleet.command(device, command.name, command.arguments)
        except ZeroDistanceError as error:
            return Outcome("failed", str(error))


def _problem(value: object, argument: Argument) -> str:
    """Return what is wrong with an argument's value, "" if nothing is."""
    if value is None:
        return "is missing"
    if argument.type == "boolean":
        return "" if isinstance(value, bool) else "must be true or false"
    if argument.type == "text":
        if not isinstance(value, str):
            return "must be a text"
        return (
            "" if not argument.choices or value in argument.choices else f"must be one of {argument.choices}"
        )
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "must be a number"
    if argument.range and not argument.range[0] <= value <= argument.range[1]:
        return f"must be from {argument.range[0]:g} to {argument.range[1]:g} {argument.unit}".rstrip()
    return ""
