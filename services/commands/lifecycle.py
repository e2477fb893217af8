"""The life cycle of a command, and the check of its arguments against the catalogue. Pure.

The database holds the same moves in a trigger (``command_guard``) and refuses, whatever the code does, a
command that leaves without the consent that it needs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from zerodistance.catalogue.model import ApplianceType, Argument, Command
from zerodistance.clock import Clock
from zerodistance.errors import IllegalMoveError, InvalidMessageError, NotFoundError


class State(StrEnum):
    """Where a command stands."""

    AWAITING_CONSENT = "awaiting_consent"
    QUEUED = "queued"
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"
    DECLINED = "declined"


FINISHED = frozenset({State.DONE, State.REFUSED, State.FAILED, State.EXPIRED, State.DECLINED})
# Going from queued straight to an end: the appliance answered a command whose sending was not yet noted.
MOVES: dict[State, frozenset[State]] = {
    State.AWAITING_CONSENT: frozenset({State.QUEUED, State.DECLINED, State.EXPIRED}),
    State.QUEUED: frozenset(
        {State.SENT, State.DECLINED, State.EXPIRED, State.DONE, State.REFUSED, State.FAILED}
    ),
    State.SENT: frozenset({State.DONE, State.REFUSED, State.FAILED}),
    **{state: frozenset() for state in FINISHED},
}
# An accelerated clock makes the simulated world quicker, not the network: no wait is shorter than this.
_SHORTEST_WAIT_REAL_S = 5.0


def check_move(source: State, target: State) -> None:
    """Return if a command may go from ``source`` to ``target``.

    Raises:
        IllegalMoveError: it may not.
    """
    if target not in MOVES[source]:
        raise IllegalMoveError(f"A command that is {source} cannot become {target}.")


def first_state(consent_required: bool, consent_by: str | None) -> State:
    """Return where a new command begins."""
    return State.AWAITING_CONSENT if consent_required and consent_by is None else State.QUEUED


def check_command(appliance: ApplianceType, name: str, arguments: Mapping[str, Any]) -> Command:
    """Return the command ``name`` of an appliance type if it takes ``arguments``.

    Raises:
        NotFoundError: the appliance has no such command; says which it has.
        InvalidMessageError: an argument is missing, unknown, of the wrong type or out of range.
    """
    command = appliance.commands.get(name)
    if command is None:
        known = ", ".join(sorted(appliance.commands)) or "none"
        raise NotFoundError(f"A {appliance.type} has no command {name!r}; it takes: {known}.")
    for argument in command.arguments.keys() - arguments.keys():
        raise InvalidMessageError("wrong_shape", f"The command {name} needs the argument {argument!r}.")
    for argument, value in arguments.items():
        if argument not in command.arguments:
            raise InvalidMessageError("wrong_shape", f"The command {name} has no argument {argument!r}.")
        problem = _problem(command.arguments[argument], value)
        if problem:
            raise InvalidMessageError("wrong_shape", f"The argument {argument!r} of {name} {problem}.")
    return command


def real_wait_s(clock: Clock, platform_s: float) -> float:
    """Return a wait in platform seconds, lengthened to what a network needs under an accelerated clock."""
    real_of_one = clock.sleep_s(1.0)
    return platform_s if real_of_one <= 0 else max(platform_s, _SHORTEST_WAIT_REAL_S / real_of_one)


def _problem(argument: Argument, value: object) -> str:
    match argument.type:
        case "boolean":
            return "" if isinstance(value, bool) else "must be true or false"
        case "text":
            if not isinstance(value, str):
                return "must be a text"
            if argument.choices and value not in argument.choices:
                return f"must be one of {', '.join(argument.choices)}"
            return "" if len(value) <= 200 else "is longer than 200 characters"
        case _:
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                return "must be a number"
            if argument.range is None or argument.range[0] <= value <= argument.range[1]:
                return ""
            low, high = argument.range
            return f"must lie between {low:g} and {high:g} {argument.unit}".rstrip()
