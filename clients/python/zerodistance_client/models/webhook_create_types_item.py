from typing import Literal

WebhookCreateTypesItem = Literal[
    "appliance.used", "message.sent", "ticket.changed", "ticket.closed", "ticket.opened"
]

WEBHOOK_CREATE_TYPES_ITEM_VALUES: set[WebhookCreateTypesItem] = {
    "appliance.used",
    "message.sent",
    "ticket.changed",
    "ticket.closed",
    "ticket.opened",
}


def check_webhook_create_types_item(value: str) -> WebhookCreateTypesItem:
    if value in WEBHOOK_CREATE_TYPES_ITEM_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {WEBHOOK_CREATE_TYPES_ITEM_VALUES!r}")
