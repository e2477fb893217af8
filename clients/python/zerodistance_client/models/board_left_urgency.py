from typing import Literal

BoardLeftUrgency = Literal["routine", "soon", "urgent"]

BOARD_LEFT_URGENCY_VALUES: set[BoardLeftUrgency] = {
    "routine",
    "soon",
    "urgent",
}


def check_board_left_urgency(value: str) -> BoardLeftUrgency:
    if value in BOARD_LEFT_URGENCY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {BOARD_LEFT_URGENCY_VALUES!r}")
