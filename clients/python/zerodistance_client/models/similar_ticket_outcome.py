from typing import Literal

SimilarTicketOutcome = Literal[
    "", "cancelled", "confirmed", "no_fault_found", "other_fault", "owner_fixed", "recovered"
]

SIMILAR_TICKET_OUTCOME_VALUES: set[SimilarTicketOutcome] = {
    "",
    "cancelled",
    "confirmed",
    "no_fault_found",
    "other_fault",
    "owner_fixed",
    "recovered",
}


def check_similar_ticket_outcome(value: str) -> SimilarTicketOutcome:
    if value in SIMILAR_TICKET_OUTCOME_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {SIMILAR_TICKET_OUTCOME_VALUES!r}")
