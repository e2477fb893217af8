from typing import Literal

EventTypePublicType = Literal[
    "appliance.used", "message.sent", "ticket.changed", "ticket.closed", "ticket.opened"
]

EVENT_TYPE_PUBLIC_TYPE_VALUES: set[EventTypePublicType] = {
    "appliance.used",
    "message.sent",
    "ticket.changed",
    "ticket.closed",
    "ticket.opened",
}


def check_event_type_public_type(value: str) -> EventTypePublicType:
    if value in EVENT_TYPE_PUBLIC_TYPE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {EVENT_TYPE_PUBLIC_TYPE_VALUES!r}")
