from typing import Literal

TicketSummaryState = Literal[
    "cancelled",
    "closed",
    "confirmed",
    "merged",
    "on_hold",
    "on_site",
    "owner_asked",
    "owner_checked",
    "planned",
    "recovered",
    "remote",
    "resolved",
    "unanswered",
    "verified",
    "visiting",
]

TICKET_SUMMARY_STATE_VALUES: set[TicketSummaryState] = {
    "cancelled",
    "closed",
    "confirmed",
    "merged",
    "on_hold",
    "on_site",
    "owner_asked",
    "owner_checked",
    "planned",
    "recovered",
    "remote",
    "resolved",
    "unanswered",
    "verified",
    "visiting",
}


def check_ticket_summary_state(value: str) -> TicketSummaryState:
    if value in TICKET_SUMMARY_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {TICKET_SUMMARY_STATE_VALUES!r}")
