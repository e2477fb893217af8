from typing import Literal

TicketSummaryUrgency = Literal["routine", "soon", "urgent"]

TICKET_SUMMARY_URGENCY_VALUES: set[TicketSummaryUrgency] = {
    "routine",
    "soon",
    "urgent",
}


def check_ticket_summary_urgency(value: str) -> TicketSummaryUrgency:
    if value in TICKET_SUMMARY_URGENCY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {TICKET_SUMMARY_URGENCY_VALUES!r}")
