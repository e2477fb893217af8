from typing import Literal

TicketSummaryOutcome = Literal[
    "", "cancelled", "confirmed", "no_fault_found", "other_fault", "owner_fixed", "recovered"
]

TICKET_SUMMARY_OUTCOME_VALUES: set[TicketSummaryOutcome] = {
    "",
    "cancelled",
    "confirmed",
    "no_fault_found",
    "other_fault",
    "owner_fixed",
    "recovered",
}


def check_ticket_summary_outcome(value: str) -> TicketSummaryOutcome:
    if value in TICKET_SUMMARY_OUTCOME_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {TICKET_SUMMARY_OUTCOME_VALUES!r}")
