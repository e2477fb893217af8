"""What the API says and takes of webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from services.schemas import Model, SeenVersion
from services.webhooks import signing

EventType = Literal["ticket.opened", "ticket.changed", "ticket.closed", "message.sent", "appliance.used"]


def _check_secret(secret: str) -> str:
    if not secret:
        return secret
    if not secret.startswith(signing.PREFIX):
        raise ValueError("a secret begins with whsec_")
    if not signing.LEAST_BYTES <= len(signing.key_of(secret)) <= signing.MOST_BYTES:
        raise ValueError(f"a secret holds {signing.LEAST_BYTES} to {signing.MOST_BYTES} bytes in base64")
    return secret


Secret = Annotated[
    str,
    Field(max_length=100, description="whsec_ and 24 to 64 bytes in base64; empty: one is made"),
    AfterValidator(_check_secret),
]
Url = Annotated[
    str, Field(min_length=1, max_length=2000, examples=["https://partner.example/hooks/appliances"])
]
Types = Annotated[list[EventType], Field(min_length=1, max_length=20)]
Description = Annotated[str, Field(max_length=200)]


class WebhookCreate(Model):
    """Whom to tell of what."""

    url: Url
    types: Types
    description: Description = ""
    secret: Secret = ""


class WebhookUpdate(Model):
    """What a subscription is to be from now on; enabling one forgets that it failed."""

    version: SeenVersion = None
    url: Url
    types: Types
    description: Description = ""
    enabled: bool = True


class WebhookPublic(Model):
    """A subscription; its secret is shown once, when it is made.

    ``failing_since``: of the first of the attempts that failed in a row. After five days of them it is
    disabled.
    """

    id: str
    url: str
    description: str
    types: list[str]
    origin: Literal["api", "setting"]
    created_at: datetime
    created_by: str
    version: int
    enabled: bool
    failures: int
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: str


class WebhookCreated(WebhookPublic):
    """A new subscription with its secret, which is in this answer and nowhere else."""

    secret: str


class SecretCreate(Model):
    """A new secret."""

    secret: Secret = ""


class SecretCreated(Model):
    """A new secret, and until when the one before signs as well."""

    secret: str
    previous_until: datetime


class DeliveryPublic(Model):
    """What is known of telling one event; ``id`` is what the receiver saw as ``webhook-id``."""

    id: str
    type: str
    time: datetime
    created_at: datetime
    state: Literal["waiting", "taken", "given_up"]
    attempts: int
    next_try_at: datetime | None
    done_at: datetime | None
    status: int | None
    error: str


class DeliveryPage(Model):
    """A page of the log, the newest first; pass ``next`` as ``cursor`` to go on."""

    items: list[DeliveryPublic]
    next: str | None


class AttemptPublic(Model):
    """One try: when, how long it took, what was answered."""

    at: datetime
    took_ms: int
    status: int | None
    error: str


class DeliveryDetail(DeliveryPublic):
    """One delivery with what was told and each attempt."""

    data: dict[str, Any]
    log: list[AttemptPublic]


class EventTypePublic(Model):
    """Something that webhooks can tell."""

    type: EventType
    title: str
