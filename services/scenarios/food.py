"""Food: what is in a refrigerator, by its own events, and a reminder before it expires (F2)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.messages.quiet import zone_of
from services.messages.telling import tell_owner
from services.messages.texts import FOOD_REMINDER
from services.policy import Policy, time_of
from services.tickets.repository import device as read_device
from services.titles import Titles
from zerodistance.catalogue.model import Catalogue
from zerodistance.store.database import Connection

_KEPT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Item:
    """Something in the compartment; ``best_before`` None: it was not told."""

    item: str
    quantity: float
    best_before: date | None


def contents(events: Iterable[tuple[str, dict[str, Any]]]) -> list[Item]:
    """Return what is left after events in the order of their time, what expires first coming first.

    What is taken out is taken from what expires first. More taken out than was put in leaves nothing.

    Args:
        events: (``item_stored`` or ``item_taken``, data) each; what cannot be read is passed over.

    >>> milk = {"item": "milk", "quantity": 2, "best_before": "2026-03-05"}
    >>> contents([("item_stored", milk), ("item_taken", {"item": "Milk", "quantity": 1})])
    [Item(item='milk', quantity=1.0, best_before=datetime.date(2026, 3, 5))]
    """
    shelves: dict[str, dict[date | None, float]] = {}
    for code, data in events:
        name, quantity = data.get("item"), data.get("quantity", 1)
        is_number = isinstance(quantity, int | float) and not isinstance(quantity, bool)
        if not isinstance(name, str) or not name.strip() or not is_number:
            continue
        amount = float(quantity)
        if not math.isfinite(amount) or amount <= 0:
            continue
        shelf = shelves.setdefault(name.strip().lower()[:100], {})
        if code == "item_stored":
            day = _date(data.get("best_before"))
            shelf[day] = shelf.get(day, 0.0) + amount
            continue
        for day in sorted(shelf, key=_order):
            taken = min(shelf[day], amount)
            shelf[day] -= taken
            amount -= taken
            if shelf[day] <= 1e-9:
                del shelf[day]
    left = [Item(name, amount, day) for name, shelf in shelves.items() for day, amount in shelf.items()]
    return sorted(left, key=lambda one: (_order(one.best_before), one.item))


def inventory(conn: Connection, device_id: str, now: datetime) -> list[Item]:
    """Return what is in an appliance, by the events that it has sent."""
    rows = conn.execute(
        "SELECT code, data FROM device_event WHERE device_id = %s AND kind = 'event'"
        " AND code IN ('item_stored', 'item_taken') AND time > %s ORDER BY time, code, id",
        (device_id, now - _KEPT),
    ).fetchall()
    return contents((code, data) for code, data in rows)


def remind(
    conn: Connection, catalogue: Catalogue, policy: Policy, now: datetime, channels: tuple[str, ...] = ()
) -> int:
    """Remind each household once of each item that expires soon; return how many messages that were.

    Reminders go out from ``food_reminder.at`` on, local time; several items of one refrigerator make one
    message.
    """
    rule = policy.scenarios.food_reminder
    told = 0
    rows = conn.execute(
        "SELECT DISTINCT e.device_id FROM device_event e JOIN device d ON d.id = e.device_id"
        " WHERE e.kind = 'event' AND e.code = 'item_stored' AND e.time > %s AND d.household_id IS NOT NULL"
        " AND d.retired_at IS NULL ORDER BY 1",
        (now - _KEPT,),
    ).fetchall()
    for (device_id,) in rows:
        device = read_device(conn, device_id)
        if device is None or device.household_id is None:
            continue
        local = now.astimezone(zone_of(device.time_zone))
        if local.time() < time_of(rule.at):
            continue
        last = local.date() + timedelta(days=rule.days_before)
        due = [
            item
            for item in inventory(conn, device_id, now)
            if item.best_before is not None
            and item.best_before <= last
            and _first_time(conn, device_id, item, now)
        ]
        if not due:
            continue
        listed = ", ".join(f"{item.quantity:g} {item.item} ({item.best_before})" for item in due)
        tell_owner(
            conn,
            Titles(catalogue),
            device,
            FOOD_REMINDER,
            {"items": {"en": listed}},
            kind="reminder",
            event_id=f"food-{device_id}-{local:%Y%m%d%H%M%S}",
            now=now,
            digest=True,
            channels=channels,
        )
        told += 1
    return told


def _first_time(conn: Connection, device_id: str, item: Item, now: datetime) -> bool:
    done = conn.execute(
        "INSERT INTO food_reminder VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (device_id, item.item, item.best_before, now),
    )
    return done.rowcount > 0


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _order(day: date | None) -> date:
    return day or date.max
