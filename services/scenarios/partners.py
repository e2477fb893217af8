"""Use events for partners: what the policy names, under a pseudonym, without home or device id (O1).

They leave as webhooks of the type ``appliance.used`` (:mod:`services.webhooks`).
"""

from __future__ import annotations

import hashlib
import hmac

from services.policy import Policy
from services.webhooks.events import APPLIANCE_USED, emit
from zerodistance.clock import from_us
from zerodistance.messages import DeviceEvent
from zerodistance.settings import Settings
from zerodistance.store.database import Connection


def pseudonym(secret: str, device_id: str) -> str:
    """Return the name under which a partner knows an appliance: always the same, and nobody's."""
    return hmac.new(secret.encode(), f"partner:{device_id}".encode(), hashlib.sha256).hexdigest()[:24]


def keep(conn: Connection, settings: Settings, policy: Policy, event: DeviceEvent) -> bool:
    """Write an event that goes to partners; return False for one that does not, or is there already."""
    if event.kind != "event" or event.code not in policy.scenarios.partners.get(event.type, ()):
        return False
    data = {
        "appliance": pseudonym(settings.secret_key, event.device),
        "type": event.type,
        "event": event.code,
        "time": from_us(event.time_us).isoformat(),
        "data": event.data,
    }
    return emit(conn, event.tenant, APPLIANCE_USED, event.id, from_us(event.time_us), data)
