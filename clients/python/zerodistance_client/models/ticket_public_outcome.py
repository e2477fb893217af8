from typing import Literal

TicketPublicOutcome = Literal[
    "", "cancelled", "confirmed", "no_fault_found", "other_fault", "owner_fixed", "recovered"
]

TICKET_PUBLIC_OUTCOME_VALUES: set[TicketPublicOutcome] = {
    "",
    "cancelled",
    "confirmed",
    "no_fault_found",
    "other_fault",
    "owner_fixed",
    "recovered",
}


def check_ticket_public_outcome(value: str) -> TicketPublicOutcome:
    if value in TICKET_PUBLIC_OUTCOME_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {TICKET_PUBLIC_OUTCOME_VALUES!r}")
