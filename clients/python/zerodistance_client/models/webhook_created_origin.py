from typing import Literal

WebhookCreatedOrigin = Literal["api", "setting"]

WEBHOOK_CREATED_ORIGIN_VALUES: set[WebhookCreatedOrigin] = {
    "api",
    "setting",
}


def check_webhook_created_origin(value: str) -> WebhookCreatedOrigin:
    if value in WEBHOOK_CREATED_ORIGIN_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {WEBHOOK_CREATED_ORIGIN_VALUES!r}")
