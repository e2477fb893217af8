from typing import Literal

TicketMoveTo = Literal[
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

TICKET_MOVE_TO_VALUES: set[TicketMoveTo] = {
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


def check_ticket_move_to(value: str) -> TicketMoveTo:
    if value in TICKET_MOVE_TO_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {TICKET_MOVE_TO_VALUES!r}")
