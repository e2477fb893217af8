"""The two hooks of the settings, as subscriptions of the default tenant: one mechanism, two ways in."""

from __future__ import annotations

from services.webhooks import guard, signing
from services.webhooks.events import APPLIANCE_USED, MESSAGE_SENT
from services.webhooks.sealing import Sealer
from zerodistance.errors import InvalidMessageError, SettingsError
from zerodistance.settings import Settings
from zerodistance.store.database import Connection

_TENANT = 1
MESSAGES, PARTNER = "setting-messages", "setting-partner"


def enter(conn: Connection, settings: Settings, sealer: Sealer) -> None:
    """Bring the subscriptions of the settings to what the settings say now.

    Whoever sets an address there runs the platform: it may be a private one.

    Raises:
        SettingsError: an address or a secret cannot be one.
    """
    for webhook_id, url, secret, event_type in (
        (MESSAGES, settings.webhook_url, settings.webhook_secret, MESSAGE_SENT),
        (PARTNER, settings.partner_webhook_url, settings.partner_webhook_secret, APPLIANCE_USED),
    ):
        if url:
            _check(webhook_id, url, secret)
            conn.execute(
                "INSERT INTO webhook (id, tenant_id, url, types, secret, origin, created_by)"
                " VALUES (%s, %s, %s, %s, %s, 'setting', 'platform') ON CONFLICT (id) DO UPDATE"
                " SET url = excluded.url, secret = excluded.secret, types = excluded.types, failures = 0,"
                " failing_since = NULL, paused_until = now(), disabled_at = NULL, disabled_reason = ''",
                (webhook_id, _TENANT, url, [event_type], sealer.seal(secret)),
            )
        else:
            conn.execute(
                "UPDATE webhook SET disabled_at = now(), disabled_reason = 'taken out of the settings'"
                " WHERE id = %s AND disabled_at IS NULL",
                (webhook_id,),
            )


def _check(webhook_id: str, url: str, secret: str) -> None:
    prefix = "ZD_WEBHOOK" if webhook_id == MESSAGES else "ZD_PARTNER_WEBHOOK"
    try:
        guard.check_url(url, private=True)
    except InvalidMessageError as error:
        raise SettingsError(f"{prefix}_URL is not usable: {error}") from error
    try:
        signing.key_of(secret)
    except ValueError as error:
        raise SettingsError(f"{prefix}_SECRET is not usable: {error}.") from error
