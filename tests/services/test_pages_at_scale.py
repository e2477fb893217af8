"""What a page costs does not grow with the tickets that were ever closed."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from services.tickets import listing
from tests.services.world import FRIDGE, World


class Explaining:
    """A connection that keeps the plans of what is asked through cursors."""

    def __init__(self, conn: Any) -> None:
        self._conn = conn
        self.plans: list[str] = []

    def cursor(self, **options: Any) -> Any:
        outer, cursor = self, self._conn.cursor(**options)

        class Cursor:
            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: Any) -> None:
                cursor.close()

            def execute(self, query: Any, values: Any) -> Any:
                plan = outer._conn.execute("EXPLAIN " + query.decode(), values).fetchall()
                outer.plans.append("\n".join(row[0] for row in plan))
                return cursor.execute(query, values)

        return Cursor()


def test_the_inbox_is_read_in_its_order(world: World) -> None:
    """However many tickets are open: the first page, and one behind a cursor."""
    with world.pool.connection() as conn:
        conn.execute(
            "INSERT INTO device (id, tenant_id, type) SELECT 'd' || n, 1, 'refrigerator'"
            " FROM generate_series(1, 3000) AS n"
        )
        conn.execute(
            "INSERT INTO ticket (id, tenant_id, device_id, state, origin, cause, probability, urgency,"
            " onset_at, opened_at, respond_by) SELECT 't' || n, 1, 'd' || n, (ARRAY['owner_asked', 'on_site',"
            " 'remote'])[1 + n % 3], 'detected', 'door_ajar', 1, (ARRAY['urgent', 'soon', 'routine'])"
            "[1 + n / 3 % 3], at, at, at FROM generate_series(1, 3000) AS n,"
            " LATERAL (SELECT now() + n * interval '1 min' AS at) AS a"
        )
        conn.execute("ANALYZE ticket")
        explaining = Explaining(conn)
        first: Any = listing.page(explaining, 1, "open", limit=20)  # type: ignore[arg-type]
        second: Any = listing.page(explaining, 1, "open", limit=20, after=first[-1].key)  # type: ignore[arg-type]
        shown = [listed.ticket for listed in (*first, *second)]
        assert len({ticket.id for ticket in shown}) == 40
        assert {ticket.urgency for ticket in shown} == {"urgent"}
        assert all("ticket_inbox" in plan and "Sort" not in plan for plan in explaining.plans)
        conn.rollback()


@pytest.mark.parametrize("which", [which for which in get_args(listing.Which) if which != "open"])
def test_a_page_reads_what_it_shows(world: World, which: listing.Which) -> None:
    with world.pool.connection() as conn:
        conn.execute(
            "INSERT INTO ticket (id, tenant_id, device_id, state, origin, cause, probability, urgency,"
            " onset_at, opened_at, closed_at, outcome) SELECT 't' || n, 1, %s, 'closed', 'detected',"
            " 'door_ajar', 1, 'soon', at, at, at, 'recovered'"
            " FROM generate_series(1, 5000) AS n, LATERAL (SELECT now() + n * interval '1 min' AS at) AS a",
            (FRIDGE,),
        )
        conn.execute("ANALYZE ticket")
        explaining = Explaining(conn)
        page: Any = listing.page(explaining, 1, which, limit=20)  # type: ignore[arg-type]
        assert [listed.ticket.id for listed in page[:2]] == ["t5000", "t4999"]
        conn.rollback()
    assert "ticket_latest" in explaining.plans[0] or "ticket_ended" in explaining.plans[0]
    assert "Sort" not in explaining.plans[0]
