from typing import Literal

HistoryEntryToState = Literal[
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

HISTORY_ENTRY_TO_STATE_VALUES: set[HistoryEntryToState] = {
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


def check_history_entry_to_state(value: str) -> HistoryEntryToState:
    if value in HISTORY_ENTRY_TO_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {HISTORY_ENTRY_TO_STATE_VALUES!r}")
