"""Reaching people through Apprise: mail, SMS gateways, WeCom, DingTalk, Slack and a hundred others.

Each address is a channel of its own, so that one that fails is tried again without the others hearing twice.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import apprise
import structlog

from services.messages.repository import Message
from zerodistance.errors import SettingsError, UnavailableError
from zerodistance.settings import Settings
from zerodistance.store.database import Pool, translated

_TITLE = {"en": "Your appliances", "zh": "您的家电"}
_STAFF_TITLE = "Zero Distance"
_FIELDS = frozenset({"email", "phone"})
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Contact:
    """How a household's owner is reached, and in which language; empty where nothing is known."""

    language: str = "en"
    email: str = ""
    phone: str = ""


class AppriseChannel:
    """One Apprise address.

    Args:
        name: of the channel.
        address: as Apprise writes it; for owners with ``{email}`` or ``{phone}``.
        contact_of: household → how it is reached; None for a staff channel.
        link_of: household → the address of its page.
        notify: sends (address, title, body) and returns whether it was taken; replaced by tests.
    """

    def __init__(
        self,
        name: str,
        address: str,
        contact_of: Callable[[str], Contact] | None,
        link_of: Callable[[str], str],
        notify: Callable[[str, str, str], bool] | None = None,
    ) -> None:
        self.name = name
        self._address = address
        self._contact_of = contact_of
        self._link_of = link_of
        self._notify = notify or _notify

    def send(self, message: Message) -> None:
        """Send one message in the reader's language; an owner without such an address gets none.

        Raises:
            UnavailableError: it was not taken; another try may help.
        """
        if self._contact_of is None or message.household_id is None:
            address, title, language, link = self._address, _STAFF_TITLE, "en", ""
        else:
            contact = self._contact_of(message.household_id)
            language, link = contact.language, self._link_of(message.household_id)
            title = _TITLE.get(language, _TITLE["en"])
            needed = fields_of(self._address)
            if any(not getattr(contact, field) for field in needed):
                _log.info("messages.no_address", channel=self.name, message=message.id)
                return
            address = self._address.format_map(
                {field: quote(getattr(contact, field), safe="") for field in needed}
            )
        body = message.body.get(language) or message.body.get("en", "")
        if not self._notify(address, title, f"{body}\n{link}".strip()):
            raise UnavailableError(f"The channel {self.name} did not take the message.")

    def close(self) -> None:
        """Nothing is held open."""


def fields_of(address: str) -> set[str]:
    """Return which fields of a contact an address names.

    >>> sorted(fields_of("mailtos://user:secret@example.org?to={email}"))
    ['email']
    """
    return {name for _, name, _, _ in string.Formatter().parse(address) if name}


def addresses(settings: Settings) -> dict[str, str]:
    """Return the addresses that are set, by name of the channel.

    Raises:
        SettingsError: one is none that Apprise knows; its number is told, not the address: it has secrets.
    """
    found: dict[str, str] = {}
    for audience, text in (("staff", settings.staff_channels), ("owner", settings.owner_channels)):
        for number, address in enumerate(text.split(), 1):
            variable = f"ZD_{audience.upper()}_CHANNELS"
            try:
                fields = fields_of(address)
                trial = address.format_map(dict.fromkeys(fields, "x%40example.org"))
            except (ValueError, KeyError, IndexError, AttributeError) as error:
                raise SettingsError(f"{variable}: address {number} has a brace out of place.") from error
            if fields - (_FIELDS if audience == "owner" else frozenset()):
                raise SettingsError(f"{variable}: address {number} may name an owner's email and phone only.")
            if not apprise.Apprise().add(trial):
                raise SettingsError(f"{variable}: address {number} is none that Apprise knows.")
            found[f"{audience}-{number}"] = address
    return found


def contacts(pool: Pool) -> Callable[[str], Contact]:
    """Return what looks a household's contact up; it raises UnavailableError without a database."""

    def contact_of(household_id: str) -> Contact:
        with translated(), pool.connection() as conn:
            row = conn.execute(
                "SELECT h.language, coalesce(o.email, ''), coalesce(o.phone, '') FROM household h"
                " LEFT JOIN private.owner o ON o.household_id = h.id WHERE h.id = %s",
                (household_id,),
            ).fetchone()
        return Contact(*row) if row else Contact()

    return contact_of


def _notify(address: str, title: str, body: str) -> bool:
    sender = apprise.Apprise()
    sender.add(address)
    return bool(sender.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT))
