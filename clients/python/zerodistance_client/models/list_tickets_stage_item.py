from typing import Literal

ListTicketsStageItem = Literal[
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

LIST_TICKETS_STAGE_ITEM_VALUES: set[ListTicketsStageItem] = {
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


def check_list_tickets_stage_item(value: str) -> ListTicketsStageItem:
    if value in LIST_TICKETS_STAGE_ITEM_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LIST_TICKETS_STAGE_ITEM_VALUES!r}")
