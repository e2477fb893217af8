from typing import Literal

WebhookPublicOrigin = Literal["api", "setting"]

WEBHOOK_PUBLIC_ORIGIN_VALUES: set[WebhookPublicOrigin] = {
    "api",
    "setting",
}


def check_webhook_public_origin(value: str) -> WebhookPublicOrigin:
    if value in WEBHOOK_PUBLIC_ORIGIN_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {WEBHOOK_PUBLIC_ORIGIN_VALUES!r}")
