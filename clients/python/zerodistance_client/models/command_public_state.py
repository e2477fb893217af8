from typing import Literal

CommandPublicState = Literal[
    "awaiting_consent", "declined", "done", "expired", "failed", "queued", "refused", "sent"
]

COMMAND_PUBLIC_STATE_VALUES: set[CommandPublicState] = {
    "awaiting_consent",
    "declined",
    "done",
    "expired",
    "failed",
    "queued",
    "refused",
    "sent",
}


def check_command_public_state(value: str) -> CommandPublicState:
    if value in COMMAND_PUBLIC_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {COMMAND_PUBLIC_STATE_VALUES!r}")
