from typing import Literal

BoardLegUrgency = Literal["routine", "soon", "urgent"]

BOARD_LEG_URGENCY_VALUES: set[BoardLegUrgency] = {
    "routine",
    "soon",
    "urgent",
}


def check_board_leg_urgency(value: str) -> BoardLegUrgency:
    if value in BOARD_LEG_URGENCY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {BOARD_LEG_URGENCY_VALUES!r}")
