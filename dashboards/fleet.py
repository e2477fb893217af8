"""Fleet overview: how many appliances report, from where, and what is wrong with them."""

from __future__ import annotations

from typing import Any

from dashboards.board import Board, uid_of
from dashboards.filters import (
    BY_REGION,
    BY_TYPE,
    DEVICES,
    IN_USE,
    region_variable,
    type_variable,
)
from dashboards.panels import (
    BAD,
    GOOD,
    WARN,
    bars_panel,
    hide_column,
    link_column,
    series_panel,
    stat_panel,
    table_panel,
)
from dashboards.query import growth_of, levels
from zerodistance.catalogue import ApplianceType, Catalogue

NAME = "fleet"
_FINEST = "1h"  # what reads every appliance: a dozen times fewer rows than five minutes are
# So few bars that each can be read; a month is then read in days, not in hours of every appliance.
_BARS = 28
_SCOPE = f"{IN_USE} AND {BY_TYPE} AND {BY_REGION}"
OPEN = "t.state NOT IN ('closed', 'cancelled', 'merged')"


def build_fleet(catalogue: Catalogue) -> dict[str, Any]:
    """Return the fleet overview."""
    board = Board(NAME, "Fleet overview", "Appliances, who reports, and what is wrong.", since="now-24h")
    board.variable(type_variable())
    board.variable(region_variable())
    board.row("Now")
    _add_figures(board)
    board.row("Reporting")
    _add_reporting(board, catalogue)
    board.row("Faults")
    _add_faults(board, catalogue)
    return board.document()


def drilldown_uid(appliance_type: str) -> str:
    """Return the uid of the drill-down of an appliance type."""
    return uid_of(f"type-{appliance_type}")


def drilldown_case(catalogue: Catalogue) -> str:
    """Return an SQL expression over ``d.type`` that gives the uid of the type's drill-down."""
    whens = " ".join(f"WHEN '{name}' THEN '{drilldown_uid(name)}'" for name in sorted(catalogue))
    return f"CASE d.type {whens} END" if whens else "NULL"


def energy_channel(appliance: ApplianceType) -> str | None:
    """Return the channel that counts a type's energy in kWh, if it has one."""
    for name, channel in sorted(appliance.channels.items()):
        if channel.device_class == "energy" and channel.kind == "counter" and channel.unit == "kWh":
            return name
    return None


def _add_figures(board: Board) -> None:
    devices = f"FROM {DEVICES} WHERE {_SCOPE}"
    board.add(stat_panel("Appliances", f"SELECT count(*) AS appliances {devices}"), 4, 4)
    board.add(
        stat_panel(
            "Online",
            f"SELECT avg(d.online::int) AS online {devices}",
            unit="percentunit",
            decimals=1,
            steps=[(None, BAD), (0.9, WARN), (0.98, GOOD)],
        ),
        4,
        4,
        "Share of the appliances whose last status said that they are connected.",
    )
    board.add(
        stat_panel(
            "Silent for an hour",
            f"""
            SELECT count(*) AS silent {devices}
            AND (d.last_seen_at IS NULL OR d.last_seen_at < $__timeTo()::timestamptz - interval '1 hour')
            """,
            steps=[(None, GOOD), (1, WARN)],
        ),
        4,
        4,
        "Appliances that sent nothing in the last hour of the range shown.",
    )
    board.add(
        stat_panel(
            "Open tickets",
            f"""
            SELECT count(*) AS tickets FROM ticket t JOIN {DEVICES} ON d.id = t.device_id
            WHERE {OPEN} AND {_SCOPE}
            """,  # noqa: S608 - constants of this package
        ),
        4,
        4,
    )
    board.add(
        stat_panel(
            "Urgent",
            f"""
            SELECT count(*) AS tickets FROM ticket t JOIN {DEVICES} ON d.id = t.device_id
            WHERE {OPEN} AND t.urgency = 'urgent' AND {_SCOPE}
            """,  # noqa: S608 - constants of this package
            steps=[(None, GOOD), (1, BAD)],
        ),
        4,
        4,
        "Open tickets where food or people are at risk.",
    )
    board.add(
        stat_panel(
            "Waiting to be claimed",
            "SELECT count(*) AS devices FROM unclaimed_device",
            steps=[(None, GOOD), (1, WARN)],
        ),
        4,
        4,
        "Devices that publish and are nobody's yet.",
    )


def _add_reporting(board: Board, catalogue: Catalogue) -> None:
    board.add(
        series_panel("Samples stored", [_samples(catalogue)], bars=True, stacked=True).interval(_FINEST),
        12,
        8,
        "Rows in the telemetry tables, by appliance type and interval (at least an hour).",
    )
    board.add(
        series_panel("Energy", [_energy(catalogue)], unit="kwatth", bars=True, stacked=True)
        .interval(_FINEST)
        .max_data_points(_BARS),
        12,
        8,
        "Electricity that the appliances counted, by type and interval (at least an hour).",
    )
    board.add(
        bars_panel(
            "Appliances by type",
            f"""
            SELECT d.type AS appliance, count(*) AS appliances FROM {DEVICES}
            WHERE {_SCOPE} GROUP BY 1 ORDER BY 2 DESC, 1
            """,  # noqa: S608 - constants of this package
        ),
        8,
        8,
    )
    board.add(
        bars_panel(
            "Appliances by region",
            f"""
            SELECT coalesce(nullif(h.region, ''), '(none)') AS region, count(*) AS appliances FROM {DEVICES}
            WHERE {_SCOPE} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 30
            """,  # noqa: S608 - constants of this package
        ),
        8,
        8,
    )
    board.add(
        table_panel(
            "Firmware",
            f"""
            SELECT d.type AS appliance, coalesce(nullif(d.firmware, ''), '(unknown)') AS firmware,
                count(*) AS appliances, count(*) FILTER (WHERE d.online) AS online
            FROM {DEVICES} WHERE {_SCOPE} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 100
            """,  # noqa: S608 - constants of this package
        ),
        8,
        8,
    )


def _add_faults(board: Board, catalogue: Catalogue) -> None:
    board.add(
        bars_panel(
            "Open findings by cause",
            f"""
            SELECT f.cause, count(*) AS findings FROM finding f JOIN {DEVICES} ON d.id = f.device_id
            WHERE f.state = 'open' AND {_SCOPE} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20
            """,  # noqa: S608 - constants of this package
        ),
        8,
        8,
        "What the diagnosis holds to be wrong at this moment.",
    )
    board.add(
        series_panel(
            "Fault codes raised",
            [
                f"""
                SELECT $__timeGroupAlias(e.time,$__interval), e.code AS metric, count(*) AS raised
                FROM device_event e JOIN {DEVICES} ON d.id = e.device_id
                WHERE e.kind = 'fault' AND e.active AND $__timeFilter(e.time) AND {_SCOPE}
                GROUP BY 1, 2 ORDER BY 1, 2
                """  # noqa: S608 - constants of this package
            ],
            bars=True,
            stacked=True,
        ),
        16,
        8,
        "Codes that the appliances raised themselves.",
    )
    tickets = table_panel(
        "Appliances with open tickets",
        f"""
        SELECT d.id AS device, d.type AS appliance, d.model, {BY_REGION.split(" IN ")[0]} AS region,
            t.number AS ticket, t.state, t.urgency, t.cause, t.opened_at AS "opened at",
            t.resolve_by AS deadline, {drilldown_case(catalogue)} AS dashboard
        FROM ticket t JOIN {DEVICES} ON d.id = t.device_id
        WHERE {OPEN} AND {_SCOPE}
        ORDER BY t.resolve_by NULLS LAST, t.number LIMIT 200
        """,  # noqa: S608 - constants of this package and names from the catalogue
    )
    hide_column(tickets, "dashboard")
    link_column(
        tickets,
        "device",
        "Readings of ${__value.text}",
        "/d/${__data.fields.dashboard}?var-device=${__value.text}&${__url_time_range}",
    )
    board.add(tickets, 24, 10)


def _samples(catalogue: Catalogue) -> str:
    branches = [
        levels(appliance.table, [], [f"'{name}' AS type", "device_id", "n"], only_rollups=True)
        for name, appliance in sorted(catalogue.items())
    ]
    return _by_type(branches, "sum(s.n)")


def _energy(catalogue: Catalogue) -> str:
    branches = []
    for name, appliance in sorted(catalogue.items()):
        channel = energy_channel(appliance)
        if channel is not None:
            columns = [f"'{name}' AS type", "device_id", f"{growth_of(channel)} AS n"]
            branches.append(levels(appliance.table, [], columns, only_rollups=True))
    if not branches:
        branches = ["SELECT NULL::timestamptz AS bucket, '' AS type, '' AS device_id, 0 AS n WHERE false"]
    return _by_type(branches, "sum(s.n)")


def _by_type(branches: list[str], figure: str) -> str:
    union = "\nUNION ALL\n".join(branches)
    return (
        f"SELECT $__timeGroupAlias(s.bucket,$__interval), d.type AS metric, {figure} AS value\n"
        f"FROM (\n{union}\n) s JOIN {DEVICES} ON d.id = s.device_id\n"
        f"WHERE {_SCOPE}\nGROUP BY 1, 2 ORDER BY 1, 2"
    )
