from typing import Literal

HistoryEntryFromStateType0 = Literal[
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

HISTORY_ENTRY_FROM_STATE_TYPE_0_VALUES: set[HistoryEntryFromStateType0] = {
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


def check_history_entry_from_state_type_0(value: str) -> HistoryEntryFromStateType0:
    if value in HISTORY_ENTRY_FROM_STATE_TYPE_0_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {HISTORY_ENTRY_FROM_STATE_TYPE_0_VALUES!r}")
