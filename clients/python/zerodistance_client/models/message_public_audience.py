from typing import Literal

MessagePublicAudience = Literal["dispatcher", "engineer", "owner"]

MESSAGE_PUBLIC_AUDIENCE_VALUES: set[MessagePublicAudience] = {
    "dispatcher",
    "engineer",
    "owner",
}


def check_message_public_audience(value: str) -> MessagePublicAudience:
    if value in MESSAGE_PUBLIC_AUDIENCE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {MESSAGE_PUBLIC_AUDIENCE_VALUES!r}")
