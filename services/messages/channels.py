"""Further channels than the inbox. A message that is in the inbox counts as sent; the others come on top."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from functools import partial
from typing import Protocol

import httpx

from services.messages.reaching import AppriseChannel, addresses, contacts
from services.messages.repository import Message
from services.tokens import owner_link
from zerodistance.errors import UnavailableError
from zerodistance.settings import Settings
from zerodistance.store.database import Pool

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

    The header ``Zd-Signature`` is ``sha256=`` and the HMAC-SHA256 of the body under ``ZD_WEBHOOK_SECRET``. To
    an owner's message belongs the ``link`` to the page on which it is answered.

    Args:
        url: where to.
        secret: shared with the receiver, and with nobody else.
        link_of: household → the address of its page.
        transport: for tests.
    """

    name = "webhook"

    def __init__(
        self,
        url: str,
        secret: str,
        link_of: Callable[[str], str],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = url
        self._secret = secret.encode()
        self._link_of = link_of
        self._http = httpx.Client(timeout=_TIMEOUT_S, transport=transport)

    def send(self, message: Message) -> None:
        """Post the message; anything but 2xx is tried again."""
        body = json.dumps(self._document(message), ensure_ascii=False).encode()
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

    def _document(self, message: Message) -> dict[str, object]:
        is_owners = message.audience == "owner" and message.household_id is not None
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
            "link": self._link_of(str(message.household_id)) if is_owners else None,
            "urgent": message.urgent,
            "created_at": message.created_at.isoformat(),
            "deadline_at": message.deadline_at.isoformat() if message.deadline_at else None,
        }


def channel_names(settings: Settings) -> tuple[str, ...]:
    """Return the names of the channels that are set up.

    Raises:
        SettingsError: an address of one is none that Apprise knows.
    """
    return (*(("webhook",) if settings.webhook_url else ()), *addresses(settings))


def open_channels(settings: Settings, pool: Pool) -> dict[str, Channel]:
    """Return the channels that are set up, by name; ``pool``: where owners' contacts are."""
    link_of = partial(owner_link, settings)
    found: dict[str, Channel] = {}
    if settings.webhook_url:
        found["webhook"] = WebhookChannel(settings.webhook_url, settings.webhook_secret, link_of)
    for name, address in addresses(settings).items():
        contact_of = contacts(pool) if name.startswith("owner-") else None
        found[name] = AppriseChannel(name, address, contact_of, link_of)
    return found
