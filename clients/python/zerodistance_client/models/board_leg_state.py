from typing import Literal

BoardLegState = Literal[
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

BOARD_LEG_STATE_VALUES: set[BoardLegState] = {
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


def check_board_leg_state(value: str) -> BoardLegState:
    if value in BOARD_LEG_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {BOARD_LEG_STATE_VALUES!r}")
