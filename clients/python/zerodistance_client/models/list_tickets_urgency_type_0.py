from typing import Literal

ListTicketsUrgencyType0 = Literal["routine", "soon", "urgent"]

LIST_TICKETS_URGENCY_TYPE_0_VALUES: set[ListTicketsUrgencyType0] = {
    "routine",
    "soon",
    "urgent",
}


def check_list_tickets_urgency_type_0(value: str) -> ListTicketsUrgencyType0:
    if value in LIST_TICKETS_URGENCY_TYPE_0_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LIST_TICKETS_URGENCY_TYPE_0_VALUES!r}")
