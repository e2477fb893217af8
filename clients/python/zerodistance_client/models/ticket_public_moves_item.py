from typing import Literal

TicketPublicMovesItem = Literal[
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

TICKET_PUBLIC_MOVES_ITEM_VALUES: set[TicketPublicMovesItem] = {
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


def check_ticket_public_moves_item(value: str) -> TicketPublicMovesItem:
    if value in TICKET_PUBLIC_MOVES_ITEM_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {TICKET_PUBLIC_MOVES_ITEM_VALUES!r}")
