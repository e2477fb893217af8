"""The drill-down of one appliance type: every channel with its unit and normal range.

Generated from the catalogue: a type added as a file has its dashboard, a channel added has its panel.
"""

from __future__ import annotations

from typing import Any

from dashboards.board import Board
from dashboards.filters import (
    BY_DEVICE,
    DEVICES,
    REGION,
    device_variable,
    region_variable,
)
from dashboards.panels import (
    BAD,
    GOOD,
    WARN,
    Panel,
    column_unit,
    normal_range,
    series_panel,
    stat_panel,
    table_panel,
    unit_id,
)
from dashboards.query import FINEST, growth_of, levels
from zerodistance.catalogue import ApplianceType, Channel

_ONE_DEVICE = "d.id IN (${device:sqlstring})"


def build_appliance(appliance: ApplianceType) -> dict[str, Any]:
    """Return the drill-down of ``appliance``."""
    board = Board(
        f"type-{appliance.type}",
        f"{appliance.title['en']}: readings",
        f"One {appliance.title['en'].lower()} in detail: every channel, findings, tickets, events.",
        since="now-24h",
    )
    board.variable(region_variable(appliance.type))
    board.variable(device_variable(appliance.type))
    _annotate(board)
    board.row("This appliance")
    _add_head(board, appliance)
    kinds = {"gauge": "Readings", "state": "States", "counter": "Totals"}
    for kind, title in kinds.items():
        channels = [(name, c) for name, c in appliance.channels.items() if c.kind == kind]
        if channels:
            board.row(title)
        for name, channel in channels:
            board.add(_channel_panel(appliance, name, channel), 12, 8, describe(channel))
    board.row("Reporting")
    _add_reporting(board, appliance)
    board.row("What happened")
    _add_history(board)
    return board.document()


def describe(channel: Channel) -> str:
    """Return what a reader of a panel wants to know of the channel."""
    unit = f" {channel.unit}" if channel.unit else ""
    parts = [channel.title.get("zh", channel.title["en"])]
    if channel.normal is not None:
        parts.append(f"normal: {channel.normal[0]:g} to {channel.normal[1]:g}{unit}")
    parts.append(f"readings outside {channel.valid[0]:g} to {channel.valid[1]:g}{unit} are not stored")
    return "; ".join(parts) + "."


def channel_sql(appliance: ApplianceType, name: str, channel: Channel) -> str:
    """Return the series of one channel, from the raw table or the rollup that fits the range shown."""
    if channel.kind == "counter":
        source = levels(appliance.table, [], [f"{growth_of(name)} AS growth"], BY_DEVICE, only_rollups=True)
        return _grouped(source, f'sum(growth) AS "{channel.title["en"]}"')
    value = f"{name}::int::double precision" if channel.storage == "boolean" else f"{name}::double precision"
    raw = [f"{value} AS total", f"({name} IS NOT NULL)::int AS readings"]
    rolled = [f"{name}_sum", f"{name}_count"]
    mean = "sum(total) / nullif(sum(readings), 0)"
    if channel.kind == "state":
        label = "share of time" if channel.storage == "boolean" else "mean"
        return _grouped(levels(appliance.table, raw, rolled, BY_DEVICE), f'{mean} AS "{label}"')
    raw += [f"{value} AS low", f"{value} AS high"]
    rolled += [f"{name}_min", f"{name}_max"]
    figures = f"{mean} AS mean, min(low) AS lowest, max(high) AS highest"
    return _grouped(levels(appliance.table, raw, rolled, BY_DEVICE), figures)


def band_sql(name: str) -> str:
    """Return the band in which the diagnosis expected a channel, around open findings."""
    return f"""
        SELECT $__timeGroupAlias(time,$__interval), avg(low) AS "expected from", avg(high) AS "expected to"
        FROM expected_band WHERE channel = '{name}' AND {BY_DEVICE} AND $__timeFilter(time)
        GROUP BY 1 ORDER BY 1
        """  # noqa: S608 - a name from the catalogue


def _grouped(source: str, figures: str) -> str:
    return (
        f"SELECT $__timeGroupAlias(bucket,$__interval), {figures}\n"
        f"FROM (\n{source}\n) s\nGROUP BY 1 ORDER BY 1"
    )


def _channel_panel(appliance: ApplianceType, name: str, channel: Channel) -> Panel:
    title = channel.title["en"]
    sql = channel_sql(appliance, name, channel)
    if channel.kind == "counter":
        return series_panel(title, [sql], unit=unit_id(channel.unit), bars=True, low=0).interval(FINEST)
    if channel.kind == "state":
        if channel.storage == "boolean":
            return series_panel(
                f"{title}: share of time", [sql], unit="percentunit", step=True, low=0, high=1
            )
        return series_panel(title, [sql], unit=unit_id(channel.unit), step=True)
    panel = series_panel(
        title, [sql, band_sql(name)], unit=unit_id(channel.unit), steps=normal_range(channel.normal)
    )
    return panel.interval(f"{max(1, round(channel.period_s or appliance.period_s))}s")


def _annotate(board: Board) -> None:
    board.annotate(
        "Findings",
        f"""
        SELECT onset_at AS time, CASE WHEN state = 'cleared' THEN time END AS timeend,
            body->'summary'->>'en' AS text, cause AS tags
        FROM finding WHERE {BY_DEVICE} AND $__timeFilter(onset_at) ORDER BY onset_at
        """,  # noqa: S608 - constants of this package
        BAD,
    )
    board.annotate(
        "Fault codes",
        f"""
        SELECT time, code || CASE WHEN active THEN ' raised' ELSE ' taken back' END AS text, kind AS tags
        FROM device_event WHERE kind = 'fault' AND {BY_DEVICE} AND $__timeFilter(time) ORDER BY time
        """,  # noqa: S608 - constants of this package
        WARN,
    )


def _add_head(board: Board, appliance: ApplianceType) -> None:
    board.add(
        table_panel(
            "Appliance",
            f"""
            SELECT d.id AS device, d.name, d.model, d.firmware, {REGION} AS region, d.online,
                d.last_seen_at AS "last seen", d.installed_at AS installed, d.warranty_until AS warranty
            FROM {DEVICES} WHERE {_ONE_DEVICE}
            """,  # noqa: S608 - constants of this package
        ),
        16,
        5,
    )
    board.add(
        stat_panel(
            "Open tickets",
            f"""
            SELECT count(*) AS tickets FROM ticket
            WHERE {BY_DEVICE} AND state NOT IN ('closed', 'cancelled', 'merged')
            """,  # noqa: S608 - constants of this package
            steps=[(None, GOOD), (1, BAD)],
        ),
        4,
        5,
    )
    board.add(
        stat_panel(
            "Sure of a fault",
            f"""
            SELECT coalesce(max((body->>'probability')::double precision), 0) AS probability
            FROM finding WHERE {BY_DEVICE} AND state = 'open'
            """,  # noqa: S608 - constants of this package
            unit="percentunit",
            steps=[(None, GOOD), (0.5, WARN), (0.8, BAD)],
        ),
        4,
        5,
        "How sure the diagnosis is of the most probable open finding; 0 when there is none.",
    )
    board.add(
        table_panel("Latest readings", _latest_sql(appliance)),
        24,
        9,
        "The last row of the range shown, against the normal range of the catalogue.",
    )


def _latest_sql(appliance: ApplianceType) -> str:
    rows = []
    for position, (name, channel) in enumerate(appliance.channels.items()):
        low, high = channel.normal if channel.normal is not None else ("NULL", "NULL")
        cast = "::int::double precision" if channel.storage == "boolean" else "::double precision"
        title = channel.title["en"].replace("'", "''")
        rows.append(
            f"({position}, '{title}', {name}{cast}, '{channel.unit}', "
            f"{low}::double precision, {high}::double precision)"
        )
    values = ",\n    ".join(rows)
    return f"""
SELECT c.title AS channel, c.value, c.unit, c.low AS "normal from", c.high AS "normal to",
    CASE WHEN c.value IS NULL THEN 'no reading' WHEN c.value < c.low THEN 'below normal'
        WHEN c.value > c.high THEN 'above normal' ELSE 'normal' END AS verdict, r.time
FROM (
    SELECT * FROM {appliance.table} WHERE {BY_DEVICE} AND $__timeFilter(time) ORDER BY time DESC LIMIT 1
) r CROSS JOIN LATERAL (VALUES
    {values}
) AS c (position, title, value, unit, low, high)
ORDER BY c.position"""  # noqa: S608 - names from the catalogue


def _add_reporting(board: Board, appliance: ApplianceType) -> None:
    board.add(
        series_panel(
            "Samples",
            [_grouped(levels(appliance.table, ["1 AS n"], ["n"], BY_DEVICE), "sum(n) AS samples")],
            bars=True,
            low=0,
        ),
        12,
        7,
        f"Rows stored. The appliance sends one every {appliance.period_s:g} s.",
    )
    delays = f"""
        SELECT $__timeGroupAlias(time,$__interval),
            max(extract(epoch FROM received_at - time)) AS "longest way to the platform",
            avg(skew_ms) / 1000.0 AS "clock skew"
        FROM {appliance.table}
        WHERE {BY_DEVICE} AND $__timeFilter(time)
            AND time > $__timeTo()::timestamptz - interval '7 days'
        GROUP BY 1 ORDER BY 1
        """  # noqa: S608 - names from the catalogue
    board.add(
        series_panel("Delay and clock", [delays], unit="s"),
        12,
        7,
        "Time from reading to arrival, and how far the appliance's clock is off; last seven days at most.",
    )


def _add_history(board: Board) -> None:
    board.add(
        table_panel(
            "Findings",
            f"""
            SELECT onset_at AS onset, state, cause, (body->>'probability')::double precision AS probability,
                body->'summary'->>'en' AS summary, time AS concluded, revision
            FROM finding WHERE {BY_DEVICE} AND $__timeFilter(time) ORDER BY time DESC LIMIT 50
            """,  # noqa: S608 - constants of this package
        ),
        24,
        7,
    )
    tickets = table_panel(
        "Tickets",
        f"""
        SELECT number AS ticket, state, urgency, cause, outcome, opened_at AS opened, closed_at AS closed,
            extract(epoch FROM coalesce(closed_at, $__timeTo()::timestamptz) - opened_at) AS age
        FROM ticket WHERE {BY_DEVICE} AND opened_at <= $__timeTo()::timestamptz
        ORDER BY opened_at DESC LIMIT 50
        """,  # noqa: S608 - constants of this package
    )
    board.add(column_unit(tickets, "age", "s"), 12, 8)
    board.add(
        table_panel(
            "Events and fault codes",
            f"""
            SELECT time, kind, code, active, data::text AS data FROM device_event
            WHERE {BY_DEVICE} AND $__timeFilter(time) ORDER BY time DESC LIMIT 200
            """,  # noqa: S608 - constants of this package
        ),
        12,
        8,
    )
