"""Further channels than the inbox. A message that is in the inbox counts as sent; the others come on top."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Protocol

import httpx

from services.messages.repository import Message
from zerodistance.errors import UnavailableError
from zerodistance.settings import Settings

_TIMEOUT_S = 10.0


class Channel(Protocol):
    """A way to reach people."""

    name: str

    def send(self, message: Message) -> None:
        """Send one message.

        Raises:
            UnavailableError: it was not taken; another try may help.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class WebhookChannel:
    """Posts each message as JSON to one address, signed, with its id as idempotency key.

    The header ``Zd-Signature`` is ``sha256=`` and the HMAC-SHA256 of the body under ``ZD_SECRET_KEY``.
    """

    name = "webhook"

    def __init__(self, url: str, secret: str, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        self._secret = secret.encode()
        self._http = httpx.Client(timeout=_TIMEOUT_S, transport=transport)

    def send(self, message: Message) -> None:
        """Post the message; anything but 2xx is tried again."""
        body = json.dumps(_document(message), ensure_ascii=False).encode()
        signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        try:
            answer = self._http.post(
                self._url,
                content=body,
                headers={
                    "Content-Type": "application/json",
                    "Idempotency-Key": message.id,
                    "Zd-Signature": f"sha256={signature}",
                },
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnavailableError(f"The webhook does not answer: {type(error).__name__}.") from error
        if not answer.is_success:
            raise UnavailableError(f"The webhook answered with status {answer.status_code}.")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def channel_names(settings: Settings) -> tuple[str, ...]:
    """Return the names of the channels that are set up."""
    return ("webhook",) if settings.webhook_url else ()


def open_channels(settings: Settings) -> dict[str, Channel]:
    """Return the channels that are set up, by name."""
    if not settings.webhook_url:
        return {}
    return {"webhook": WebhookChannel(settings.webhook_url, settings.secret_key)}


def _document(message: Message) -> dict[str, object]:
    return {
        "id": message.id,
        "event": message.event_id,
        "audience": message.audience,
        "household": message.household_id,
        "ticket": message.ticket_id,
        "device": message.device_id,
        "kind": message.kind,
        "body": message.body,
        "answers": message.answers,
        "urgent": message.urgent,
        "created_at": message.created_at.isoformat(),
        "deadline_at": message.deadline_at.isoformat() if message.deadline_at else None,
    }
