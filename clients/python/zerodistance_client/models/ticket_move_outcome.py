from typing import Literal

TicketMoveOutcome = Literal[
    "", "cancelled", "confirmed", "no_fault_found", "other_fault", "owner_fixed", "recovered"
]

TICKET_MOVE_OUTCOME_VALUES: set[TicketMoveOutcome] = {
    "",
    "cancelled",
    "confirmed",
    "no_fault_found",
    "other_fault",
    "owner_fixed",
    "recovered",
}


def check_ticket_move_outcome(value: str) -> TicketMoveOutcome:
    if value in TICKET_MOVE_OUTCOME_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {TICKET_MOVE_OUTCOME_VALUES!r}")
