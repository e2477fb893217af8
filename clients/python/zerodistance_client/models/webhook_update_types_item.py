from typing import Literal

WebhookUpdateTypesItem = Literal[
    "appliance.used", "message.sent", "ticket.changed", "ticket.closed", "ticket.opened"
]

WEBHOOK_UPDATE_TYPES_ITEM_VALUES: set[WebhookUpdateTypesItem] = {
    "appliance.used",
    "message.sent",
    "ticket.changed",
    "ticket.closed",
    "ticket.opened",
}


def check_webhook_update_types_item(value: str) -> WebhookUpdateTypesItem:
    if value in WEBHOOK_UPDATE_TYPES_ITEM_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {WEBHOOK_UPDATE_TYPES_ITEM_VALUES!r}")
