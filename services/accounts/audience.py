"""Who sees what has changed: the policies of migration 0019 turned round, from a row to its readers.

The database tells each reader which rows are seen. A change has many readers, so here one query finds, for
all that changed at once, in which regions and by which engineers it is seen; each reader is then a look into
two sets. tests/access/test_changes.py holds this to the policies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.accounts.scope import Reach, Scope
from zerodistance.store.database import Connection

# An engineer sees a device in the own region, or with a ticket of the own region or the own hand at it or at
# another one in the same home.
_DEVICES = """
    SELECT d.id, array_agg(DISTINCT seen.region), array_agg(DISTINCT seen.engineer)
    FROM device d LEFT JOIN LATERAL (
        SELECT h.region, NULL AS engineer FROM household h WHERE h.id = d.household_id
        UNION ALL SELECT t.region, t.assignee FROM ticket t WHERE t.device_id = d.id
        UNION ALL SELECT t.region, t.assignee FROM device o JOIN ticket t ON t.device_id = o.id
            WHERE o.household_id = d.household_id AND t.household_id = d.household_id
    ) seen ON true WHERE d.id = ANY (%s) GROUP BY d.id
"""
_TICKETS = "SELECT id, ARRAY[region], ARRAY[assignee] FROM ticket WHERE id = ANY (%s)"


@dataclass(frozen=True, slots=True)
class Audience:
    """By whom something is seen, besides those who see all of its tenant."""

    regions: frozenset[str] = frozenset()
    engineers: frozenset[str] = frozenset()

    def includes(self, scope: Scope) -> bool:
        """Tell whether a reader of the same tenant is among them.

        >>> Audience(frozenset({"north"})).includes(Scope(1, Reach.ENGINEER, "li", "north"))
        True
        >>> Audience(frozenset({"north"})).includes(Scope(1, Reach.HOUSEHOLDS, households=("home-1",)))
        False
        """
        if scope.reach is Reach.TENANT:
            return True
        if scope.reach is not Reach.ENGINEER:
            return False
        return scope.region in self.regions or scope.engineer in self.engineers


NOBODY = Audience()


class Audiences:
    """Who sees each of some tickets and devices.

    Args:
        conn: sees all rows.
        tickets: ids.
        devices: ids.
    """

    def __init__(self, conn: Connection, tickets: Iterable[str], devices: Iterable[str]) -> None:
        self._tickets = _find(conn, _TICKETS, sorted(set(tickets)))
        self._devices = _find(conn, _DEVICES, sorted(set(devices)))

    def of_ticket(self, ticket_id: str | None) -> Audience:
        """Return who sees a ticket; what hangs on none (a message about a campaign) nobody sees besides."""
        return self._tickets.get(ticket_id or "", NOBODY)

    def of_device(self, device_id: str) -> Audience:
        """Return who sees a device."""
        return self._devices.get(device_id, NOBODY)


def _find(conn: Connection, query: str, ids: Sequence[str]) -> dict[str, Audience]:
    if not ids:
        return {}
    rows: list[tuple[Any, ...]] = conn.execute(query.encode(), (list(ids),)).fetchall()
    return {row[0]: Audience(_known(row[1]), _known(row[2])) for row in rows}


def _known(values: Iterable[str | None]) -> frozenset[str]:
    return frozenset(value for value in values if value)
