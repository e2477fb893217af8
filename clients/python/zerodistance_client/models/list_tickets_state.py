from typing import Literal

ListTicketsState = Literal["all", "closed", "open"]

LIST_TICKETS_STATE_VALUES: set[ListTicketsState] = {
    "all",
    "closed",
    "open",
}


def check_list_tickets_state(value: str) -> ListTicketsState:
    if value in LIST_TICKETS_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LIST_TICKETS_STATE_VALUES!r}")
