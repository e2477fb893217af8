from typing import Literal

TicketPublicUrgency = Literal["routine", "soon", "urgent"]

TICKET_PUBLIC_URGENCY_VALUES: set[TicketPublicUrgency] = {
    "routine",
    "soon",
    "urgent",
}


def check_ticket_public_urgency(value: str) -> TicketPublicUrgency:
    if value in TICKET_PUBLIC_URGENCY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {TICKET_PUBLIC_URGENCY_VALUES!r}")
