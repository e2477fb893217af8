"""Further channels than the inbox. A message that is in the inbox counts as sent; the others come on top.

Programs that want to hear of messages subscribe to ``message.sent`` (:mod:`services.messages.announcing`).
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

from services.messages.reaching import AppriseChannel, addresses, contacts
from services.messages.repository import Message
from services.tokens import owner_link
from zerodistance.settings import Settings
from zerodistance.store.database import Pool


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


def channel_names(settings: Settings) -> tuple[str, ...]:
    """Return the names of the channels that are set up.

    Raises:
        SettingsError: an address of one is none that Apprise knows.
    """
    return tuple(addresses(settings))


def open_channels(settings: Settings, pool: Pool) -> dict[str, Channel]:
    """Return the channels that are set up, by name; ``pool``: where owners' contacts are."""
    link_of = partial(owner_link, settings)
    found: dict[str, Channel] = {}
    for name, address in addresses(settings).items():
        contact_of = contacts(pool) if name.startswith("owner-") else None
        found[name] = AppriseChannel(name, address, contact_of, link_of)
    return found
