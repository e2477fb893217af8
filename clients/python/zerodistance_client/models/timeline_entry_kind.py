from typing import Literal

TimelineEntryKind = Literal[
    "access", "command", "event", "fault", "finding", "inspection", "status", "ticket"
]

TIMELINE_ENTRY_KIND_VALUES: set[TimelineEntryKind] = {
    "access",
    "command",
    "event",
    "fault",
    "finding",
    "inspection",
    "status",
    "ticket",
}


def check_timeline_entry_kind(value: str) -> TimelineEntryKind:
    if value in TIMELINE_ENTRY_KIND_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {TIMELINE_ENTRY_KIND_VALUES!r}")
