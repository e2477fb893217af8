"""Subscriptions and deliveries in the database."""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import class_row

from services.webhooks import schedule
from services.webhooks.sealing import Sealer
from services.webhooks.sender import Due, Result
from zerodistance.errors import ConflictError, NotFoundError, StoreError
from zerodistance.store.database import Connection

MOST_WEBHOOKS = 100  # of a tenant
# Of one receiver in one turn: the others have theirs in the same turn, however much one has waiting.
_MOST_EACH, _MOST_RECEIVERS = 4, 16
# An attempt under way is left alone for so long; longer than it can take.
_LEASE_S = 120
# While a receiver changes over to a new secret, the old one signs as well.
OVERLAP = timedelta(hours=24)
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription, without its secret.

    Attributes:
        origin: api, or setting: of the platform's own settings.
        failing_since: of the first attempt that failed and was followed by none that did not.
    """

    id: str
    url: str
    description: str
    types: list[str]
    origin: str
    created_at: datetime
    created_by: str
    version: int
    failures: int
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is known of telling one event to one receiver.

    Attributes:
        number: where it stands in the log.
        state: waiting, taken, or given_up.
    """

    number: int
    event_id: str
    type: str
    time: datetime
    created_at: datetime
    state: str
    attempts: int
    next_try_at: datetime | None
    done_at: datetime | None
    status: int | None
    error: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try."""

    at: datetime
    took_ms: int
    status: int | None
    error: str


_WEBHOOK = (
    "SELECT id, url, description, types, origin, created_at, created_by, version, failures,"
    " failing_since, disabled_at, disabled_reason FROM webhook WHERE tenant_id = %s"
)
_DELIVERY = (
    "SELECT d.number, d.event_id, e.type, e.time, d.created_at, CASE WHEN d.done_at IS NOT NULL THEN 'taken'"
    " WHEN d.next_try_at IS NULL THEN 'given_up' ELSE 'waiting' END AS state, d.attempts, d.next_try_at,"
    " d.done_at, d.status, d.error FROM webhook_delivery d"
    " JOIN webhook_event e ON (e.tenant_id, e.id) = (d.tenant_id, d.event_id)"
    " WHERE d.tenant_id = %s AND d.webhook_id = %s"
)


def listing(conn: Connection, tenant: int) -> list[Webhook]:
    """Return a tenant's subscriptions, the oldest first."""
    with conn.cursor(row_factory=class_row(Webhook)) as cursor:
        return cursor.execute(_WEBHOOK + " ORDER BY created_at, id", (tenant,)).fetchall()


def get(conn: Connection, tenant: int, webhook_id: str, *, lock: bool = False) -> Webhook:
    """Return one subscription; with ``lock`` it stays ours until the transaction ends.

    Raises:
        NotFoundError: there is none such.
    """
    query = _WEBHOOK + " AND id = %s" + (" FOR UPDATE" if lock else "")
    with conn.cursor(row_factory=class_row(Webhook)) as cursor:
        row = cursor.execute(query, (tenant, webhook_id)).fetchone()
    if row is None:
        raise NotFoundError(f"There is no webhook {webhook_id!r}.")
    return row


def create(
    conn: Connection,
    sealer: Sealer,
    tenant: int,
    *,
    url: str,
    types: Sequence[str],
    secret: str,
    description: str,
    actor: str,
) -> Webhook:
    """Enter a subscription and return it.

    Raises:
        ConflictError: the tenant has as many as it may have.
    """
    row = conn.execute("SELECT count(*) FROM webhook WHERE tenant_id = %s", (tenant,)).fetchone()
    if row is not None and row[0] >= MOST_WEBHOOKS:
        raise ConflictError(f"There are {MOST_WEBHOOKS} webhooks: delete one first.")
    webhook_id = f"wh_{secrets.token_hex(8)}"
    conn.execute(
        "INSERT INTO webhook (id, tenant_id, url, description, types, secret, created_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (webhook_id, tenant, url, description, sorted(set(types)), sealer.seal(secret), actor),
    )
    return get(conn, tenant, webhook_id)


def change(
    conn: Connection,
    tenant: int,
    webhook_id: str,
    *,
    url: str,
    types: Sequence[str],
    description: str,
    enabled: bool,
) -> Webhook:
    """Bring a subscription to what is given, and return it; enabling one forgets that it failed.

    Raises:
        NotFoundError: there is none such.
        ConflictError: it is one of the settings, which are changed there.
    """
    known = get(conn, tenant, webhook_id)
    if known.origin != "api":
        raise ConflictError("This webhook comes from the settings of the platform: it is changed there.")
    conn.execute(
        "UPDATE webhook SET url = %(url)s, types = %(types)s, description = %(description)s,"
        " version = version + 1,"
        " disabled_at = CASE WHEN %(enabled)s THEN NULL ELSE coalesce(disabled_at, now()) END,"
        " disabled_reason = CASE WHEN %(enabled)s THEN '' WHEN disabled_at IS NULL THEN 'by hand'"
        " ELSE disabled_reason END,"
        " failures = CASE WHEN %(enabled)s THEN 0 ELSE failures END,"
        " failing_since = CASE WHEN %(enabled)s THEN NULL ELSE failing_since END,"
        " paused_until = CASE WHEN %(enabled)s THEN now() ELSE paused_until END"
        " WHERE id = %(id)s AND tenant_id = %(tenant)s",
        {
            "url": url,
            "types": sorted(set(types)),
            "description": description,
            "enabled": enabled,
            "id": webhook_id,
            "tenant": tenant,
        },
    )
    return get(conn, tenant, webhook_id)


def rotate(conn: Connection, sealer: Sealer, tenant: int, webhook_id: str, secret: str) -> datetime:
    """Give a subscription a new secret; return until when the one before signs as well.

    Raises:
        NotFoundError: there is none such.
        ConflictError: it is one of the settings.
    """
    if get(conn, tenant, webhook_id).origin != "api":
        raise ConflictError("This webhook comes from the settings of the platform: it is changed there.")
    row = conn.execute(
        "UPDATE webhook SET previous_secret = secret, previous_until = now() + %s, secret = %s,"
        " version = version + 1 WHERE id = %s AND tenant_id = %s RETURNING previous_until",
        (OVERLAP, sealer.seal(secret), webhook_id, tenant),
    ).fetchone()
    if row is None:
        raise NotFoundError(f"There is no webhook {webhook_id!r}.")
    until: datetime = row[0]
    return until


def delete(conn: Connection, tenant: int, webhook_id: str) -> None:
    """Delete a subscription with all that waits for it.

    Raises:
        NotFoundError: there is none such.
        ConflictError: it is one of the settings.
    """
    if get(conn, tenant, webhook_id).origin != "api":
        raise ConflictError("This webhook comes from the settings of the platform: it is changed there.")
    conn.execute("DELETE FROM webhook WHERE id = %s AND tenant_id = %s", (webhook_id, tenant))


def deliveries(
    conn: Connection, tenant: int, webhook_id: str, *, limit: int, before: int | None = None, state: str = ""
) -> list[Delivery]:
    """Return the log of a subscription, the newest first, up to the delivery numbered ``before``."""
    condition = {
        "": "",
        "waiting": " AND d.next_try_at IS NOT NULL",
        "taken": " AND d.done_at IS NOT NULL AND d.next_try_at IS NULL",
        "given_up": " AND d.done_at IS NULL AND d.next_try_at IS NULL",
    }[state]
    query = _DELIVERY + condition + " AND (%s::bigint IS NULL OR d.number < %s)"
    query += " ORDER BY d.number DESC LIMIT %s"
    with conn.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(query.encode(), (tenant, webhook_id, before, before, limit)).fetchall()


def delivery(
    conn: Connection, tenant: int, webhook_id: str, event_id: str
) -> tuple[Delivery, dict[str, Any], list[Attempt]]:
    """Return one delivery, what is told, and all attempts, the first one first.

    Raises:
        NotFoundError: there is none such.
    """
    with conn.cursor(row_factory=class_row(Delivery)) as cursor:
        found = cursor.execute(_DELIVERY + " AND d.event_id = %s", (tenant, webhook_id, event_id)).fetchone()
    if found is None:
        raise NotFoundError(f"Webhook {webhook_id!r} was not told of {event_id!r}.")
    row = conn.execute(
        "SELECT data FROM webhook_event WHERE tenant_id = %s AND id = %s", (tenant, event_id)
    ).fetchone()
    with conn.cursor(row_factory=class_row(Attempt)) as cursor:
        tries = cursor.execute(
            "SELECT at, took_ms, status, error FROM webhook_attempt WHERE webhook_id = %s AND event_id = %s"
            " ORDER BY id LIMIT 200",
            (webhook_id, event_id),
        ).fetchall()
    return found, row[0] if row else {}, tries


def redeliver(conn: Connection, tenant: int, webhook_id: str, event_id: str) -> None:
    """Tell an event again under the same id, whether it was taken or given up.

    Raises:
        NotFoundError: there is none such.
    """
    done = conn.execute(
        "UPDATE webhook_delivery SET attempts = 0, next_try_at = now(), done_at = NULL, error = ''"
        " WHERE tenant_id = %s AND webhook_id = %s AND event_id = %s",
        (tenant, webhook_id, event_id),
    )
    if not done.rowcount:
        raise NotFoundError(f"Webhook {webhook_id!r} was not told of {event_id!r}.")


def take_due(conn: Connection, sealer: Sealer) -> list[Due]:
    """Take what is to be tried now, some of each receiver; others leave it alone for a while."""
    rows = conn.execute(
        "WITH taken AS (SELECT d.webhook_id, d.event_id FROM (SELECT id FROM webhook"
        " WHERE disabled_at IS NULL AND paused_until <= now()"
        " AND EXISTS (SELECT FROM webhook_delivery n WHERE n.webhook_id = webhook.id"
        " AND n.next_try_at <= now()) ORDER BY random() LIMIT %(receivers)s) AS w,"
        " LATERAL (SELECT webhook_id, event_id FROM webhook_delivery WHERE webhook_id = w.id"
        " AND next_try_at <= now() ORDER BY next_try_at LIMIT %(each)s FOR UPDATE SKIP LOCKED) AS d)"
        " UPDATE webhook_delivery d SET attempts = d.attempts + 1,"
        " next_try_at = now() + make_interval(secs => %(lease)s)"
        " FROM taken, webhook w, webhook_event e WHERE d.webhook_id = taken.webhook_id"
        " AND d.event_id = taken.event_id AND w.id = d.webhook_id"
        " AND (e.tenant_id, e.id) = (d.tenant_id, d.event_id)"
        " RETURNING d.webhook_id, d.event_id, w.url, w.origin = 'setting', w.secret,"
        " CASE WHEN w.previous_until > now() THEN w.previous_secret END, e.type, e.time, e.data, d.attempts,"
        " w.failures",
        {"receivers": _MOST_RECEIVERS, "each": _MOST_EACH, "lease": _LEASE_S},
    ).fetchall()
    found = []
    for webhook_id, event_id, url, private, secret, previous, *rest in rows:
        try:
            signing = tuple(sealer.open(one) for one in (secret, previous) if one is not None)
        except StoreError as error:
            disable(conn, webhook_id, str(error))
            continue
        found.append(Due(webhook_id, event_id, url, private, signing, *rest))
    return found


def note(conn: Connection, due: Due, result: Result, chance: float | None = None) -> None:
    """Keep how an attempt ended: taken, to be tried again, given up; or the receiver is left alone.

    Args:
        conn: in a transaction of its own.
        due: what was tried.
        result: how it ended.
        chance: uniform, 0 to 1, for the jitter.
    """
    chance = random.random() if chance is None else chance
    conn.execute(
        "INSERT INTO webhook_attempt (webhook_id, event_id, took_ms, status, error)"
        " SELECT webhook_id, event_id, %s, %s, %s FROM webhook_delivery"
        " WHERE webhook_id = %s AND event_id = %s",  # it may have been deleted meanwhile
        (result.took_ms, result.status, result.error[:500], due.webhook_id, due.event_id),
    )
    taken = not result.error
    pause = None if taken else schedule.pause_s(due.attempts, chance, result.asked_s)
    conn.execute(
        "UPDATE webhook_delivery SET status = %(status)s, error = %(error)s,"
        " done_at = CASE WHEN %(taken)s THEN now() END,"
        " next_try_at = now() + make_interval(secs => %(pause)s) WHERE webhook_id = %(webhook)s"
        # a redelivery that was asked for while this attempt was under way stands
        " AND event_id = %(event)s AND attempts = %(attempts)s",
        {
            "status": result.status,
            "error": result.error[:500],
            "taken": taken,
            "pause": pause,
            "webhook": due.webhook_id,
            "event": due.event_id,
            "attempts": due.attempts,
        },
    )
    if taken:
        conn.execute(
            "UPDATE webhook SET failures = 0, failing_since = NULL, paused_until = now()"
            " WHERE id = %s AND failures > 0",
            (due.webhook_id,),
        )
        return
    if result.hopeless:
        disable(conn, due.webhook_id, "The receiver wants to hear no more (410 Gone).")
        return
    silence = 0.0 if result.reachable else schedule.silence_s(due.failures + 1, chance, result.asked_s)
    row = conn.execute(
        "UPDATE webhook SET failures = %(failures)s, failing_since = coalesce(failing_since, now()),"
        " paused_until = greatest(paused_until, now() + make_interval(secs => %(silence)s))"
        " WHERE id = %(id)s RETURNING now() - failing_since",
        {"failures": due.failures + 1, "silence": silence, "id": due.webhook_id},
    ).fetchone()
    if row is not None and row[0] >= schedule.DISABLED_AFTER:
        days = schedule.DISABLED_AFTER.days
        disable(conn, due.webhook_id, f"Nothing was taken for {days} days. {result.error}")


def disable(conn: Connection, webhook_id: str, reason: str) -> None:
    """Stop telling a receiver; what waits for it waits until it is enabled again."""
    conn.execute(
        "UPDATE webhook SET disabled_at = now(), disabled_reason = %s, version = version + 1"
        " WHERE id = %s AND disabled_at IS NULL",
        (reason[:500], webhook_id),
    )


def forget(conn: Connection, *, most: int = 10_000) -> int:
    """Delete events that are older than a month, with their deliveries and attempts; return how many."""
    return conn.execute(
        "DELETE FROM webhook_event WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM webhook_event"
        " WHERE created_at < now() - %s ORDER BY created_at LIMIT %s)",
        (KEPT, most),
    ).rowcount
