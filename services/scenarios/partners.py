"""Use events for partners: signed, retried, without home or device id (O1)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
from psycopg.types.json import Jsonb

from services.policy import Policy
from zerodistance.clock import from_us
from zerodistance.errors import UnavailableError
from zerodistance.messages import DeviceEvent
from zerodistance.settings import Settings
from zerodistance.store.database import Connection

_MOST_ATTEMPTS = 8
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _LEASE_S = 5, 3600, 60
_TIMEOUT_S = 10.0


def pseudonym(secret: str, device_id: str) -> str:
    """Return the name under which a partner knows an appliance: always the same, and nobody's."""
    return hmac.new(secret.encode(), f"partner:{device_id}".encode(), hashlib.sha256).hexdigest()[:24]


def keep(conn: Connection, settings: Settings, policy: Policy, event: DeviceEvent) -> bool:
    """Write an event that goes to the partner; return False for one that does not, or is there already."""
    if not settings.partner_webhook_url or event.kind != "event":
        return False
    if event.code not in policy.scenarios.partners.get(event.type, ()):
        return False
    body = {
        "id": event.id,
        "appliance": pseudonym(settings.secret_key, event.device),
        "type": event.type,
        "event": event.code,
        "time": from_us(event.time_us).isoformat(),
        "data": event.data,
    }
    done = conn.execute(
        "INSERT INTO partner_event (id, tenant_id, body) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (event.id, event.tenant, Jsonb(body)),
    )
    return done.rowcount > 0


def poster(
    settings: Settings, transport: httpx.BaseTransport | None = None
) -> Callable[[dict[str, Any]], None]:
    """Return what posts one event to the partner; it raises UnavailableError where that fails."""
    http = httpx.Client(timeout=_TIMEOUT_S, transport=transport)

    def post(body: dict[str, Any]) -> None:
        content = json.dumps(body, ensure_ascii=False).encode()
        signature = hmac.new(settings.partner_webhook_secret.encode(), content, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": str(body["id"]),
            "Zd-Signature": f"sha256={signature}",
        }
        try:
            answer = http.post(settings.partner_webhook_url, content=content, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnavailableError(f"The partner does not answer: {type(error).__name__}.") from error
        if not answer.is_success:
            raise UnavailableError(f"The partner answered with status {answer.status_code}.")

    return post


def take_due(conn: Connection) -> dict[str, Any] | None:
    """Take one event that is to be posted; others leave it alone for a while."""
    row = conn.execute(
        "UPDATE partner_event SET attempts = attempts + 1, next_try_at = now() + make_interval(secs => %s)"
        " WHERE id = (SELECT id FROM partner_event WHERE next_try_at <= now() ORDER BY next_try_at LIMIT 1"
        " FOR UPDATE SKIP LOCKED) RETURNING body",
        (_LEASE_S,),
    ).fetchone()
    return row[0] if row else None


def note_result(conn: Connection, event_id: str, error: str) -> None:
    """Keep how an attempt ended: taken, to be tried again after a growing pause, or given up."""
    conn.execute(
        "UPDATE partner_event SET error = %(error)s, done_at = CASE WHEN %(error)s = '' THEN now() END,"
        " next_try_at = CASE WHEN %(error)s = '' OR attempts >= %(most)s THEN NULL ELSE now()"
        " + make_interval(secs => least(%(first)s * power(2, attempts - 1), %(longest)s)) END"
        " WHERE id = %(id)s",
        {
            "error": error[:500],
            "most": _MOST_ATTEMPTS,
            "first": _FIRST_PAUSE_S,
            "longest": _LONGEST_PAUSE_S,
            "id": event_id,
        },
    )
