"""Service: tickets by state, and the figures that say whether the service is proactive and right.

Definitions stand in the panels' descriptions, so that whoever reads a number knows what it counts.
All moments are compared with the end of the range shown, never with the database's own clock: a platform
that runs on a scaled clock shows the same figures.
"""

from __future__ import annotations

from typing import Any

from dashboards.board import Board
from dashboards.filters import BY_REGION, BY_TYPE, DEVICES, region_variable, type_variable
from dashboards.fleet import OPEN, drilldown_case
from dashboards.panels import (
    BAD,
    GOOD,
    WARN,
    bars_panel,
    column_unit,
    hide_column,
    link_column,
    series_panel,
    stat_panel,
    table_panel,
)
from zerodistance.catalogue import Catalogue

NAME = "service"
_TICKETS = f"ticket t JOIN {DEVICES} ON d.id = t.device_id"
_SCOPE = f"{BY_TYPE} AND {BY_REGION}"
_PROACTIVE = "t.origin IN ('predicted', 'detected', 'fault_code')"
_DONE = "coalesce(t.resolved_at, t.closed_at)"
_NOW = "$__timeTo()::timestamptz"
_RIGHT = "t.outcome IN ('confirmed', 'owner_fixed')"
_JUDGED = "t.outcome IN ('confirmed', 'owner_fixed', 'other_fault', 'no_fault_found')"
# One row for each event that told both sides: owner's and engineer's message of the same event.
_PAIRS = f"""
    message o JOIN message e ON e.event_id = o.event_id AND e.audience = 'engineer'
    JOIN {DEVICES} ON d.id = o.device_id
    WHERE o.audience = 'owner' AND o.sent_at IS NOT NULL AND e.sent_at IS NOT NULL
        AND {_SCOPE}"""
_SKEW = "abs(extract(epoch FROM o.sent_at - e.sent_at)) * 1000"
_ANSWERS = f"""
    message m JOIN {DEVICES} ON d.id = m.device_id
    WHERE m.audience = 'owner' AND m.kind = 'question' AND m.sent_at IS NOT NULL
        AND {_SCOPE}"""
_WAITED = "extract(epoch FROM m.answered_at - m.sent_at)"


def build_service(catalogue: Catalogue) -> dict[str, Any]:
    """Return the service dashboard."""
    board = Board(
        NAME, "Service", "Tickets, deadlines, messages to both sides, and outcomes.", since="now-7d"
    )
    board.variable(type_variable())
    board.variable(region_variable())
    board.row("Is the service proactive, on time and right?")
    _add_figures(board)
    board.row("Tickets")
    _add_tickets(board, catalogue)
    board.row("Told at the same moment")
    _add_messages(board)
    board.row("Outcomes")
    _add_outcomes(board)
    return board.document()


def _share(title: str, of: str, among: str, since: str, description: str, board: Board) -> None:
    sql = f"""
        SELECT count(*) FILTER (WHERE {of})::double precision / nullif(count(*), 0) AS share
        FROM {_TICKETS} WHERE $__timeFilter({since}) AND {among} AND {_SCOPE}
        """  # noqa: S608 - constants of this package
    steps = [(None, BAD), (0.7, WARN), (0.9, GOOD)]
    board.add(stat_panel(title, sql, unit="percentunit", decimals=1, steps=steps), 4, 4, description)


def _add_figures(board: Board) -> None:
    _share(
        "Proactive share", _PROACTIVE, "t.state <> 'merged'", "t.opened_at",
        "Tickets that the platform opened (predicted, detected, the appliance's own fault code), of all "
        "opened in the range.", board,
    )  # fmt: skip
    _share(
        "SLA kept", f"{_DONE} <= t.resolve_by",
        f"t.resolve_by IS NOT NULL AND t.state NOT IN ('cancelled', 'merged') "
        f"AND ({_DONE} IS NOT NULL OR t.resolve_by < {_NOW})", "t.opened_at",
        "Tickets put right before their deadline, of those put right or past it.", board,
    )  # fmt: skip
    _share(
        "Precision", _RIGHT, f"{_PROACTIVE} AND {_JUDGED}", "t.closed_at",
        "Proactive tickets whose fault was real (confirmed by the engineer, or put right by the owner), "
        "of those where somebody looked. Faults that vanished by themselves are left out.", board,
    )  # fmt: skip
    _share(
        "First-time fix",
        "(SELECT count(*) FROM ticket_history r WHERE r.ticket_id = t.id AND r.to_state = 'resolved') = 1",
        "t.state = 'closed' AND t.resolved_at IS NOT NULL", "t.closed_at",
        "Closed tickets that an engineer had to resolve once only, of all that an engineer resolved.", board,
    )  # fmt: skip
    avoided = f"""
        SELECT count(*) FILTER (WHERE t.visit_avoided) AS avoided
        FROM {_TICKETS} WHERE $__timeFilter(t.closed_at) AND {_SCOPE}
        """  # noqa: S608 - constants of this package
    board.add(stat_panel("Visits avoided", avoided), 4, 4, "Closed without anybody having to drive there.")
    satisfaction = f"""
        SELECT (avg(t.rating) - 1) * 25 AS satisfaction
        FROM {_TICKETS} WHERE $__timeFilter(t.closed_at) AND t.rating IS NOT NULL AND {_SCOPE}
        """  # noqa: S608 - constants of this package
    board.add(
        stat_panel("Satisfaction", satisfaction, unit="none", decimals=0,
                   steps=[(None, BAD), (50, WARN), (75, GOOD)]),
        4, 4, "Owners' ratings of visits as an index: (mean of the five-point scale − 1) × 25.",
    )  # fmt: skip


def _add_tickets(board: Board, catalogue: Catalogue) -> None:
    by_state = f"""
        SELECT t.state, count(*) AS tickets FROM {_TICKETS}
        WHERE {OPEN} AND {_SCOPE} GROUP BY 1 ORDER BY 2 DESC, 1
        """  # noqa: S608 - constants of this package
    board.add(bars_panel("Open tickets by state", by_state), 8, 9)
    flow = [
        f"""
        SELECT $__timeGroupAlias(t.{moment},$__interval), count(*) AS {label}
        FROM {_TICKETS} WHERE $__timeFilter(t.{moment}) AND {_SCOPE} GROUP BY 1 ORDER BY 1
        """  # noqa: S608 - constants of this package
        for moment, label in (("opened_at", "opened"), ("closed_at", "closed"))
    ]
    board.add(series_panel("Opened and closed", flow, bars=True, low=0), 16, 9)
    origins = f"""
        SELECT $__timeGroupAlias(t.opened_at,$__interval), t.origin AS metric, count(*) AS tickets
        FROM {_TICKETS} WHERE $__timeFilter(t.opened_at) AND t.state <> 'merged' AND {_SCOPE}
        GROUP BY 1, 2 ORDER BY 1, 2
        """  # noqa: S608 - constants of this package
    board.add(series_panel("Where tickets come from", [origins], bars=True, stacked=True, low=0), 12, 8)
    overdue = f"""
        SELECT CASE WHEN t.resolve_by < {_NOW} THEN 'overdue'
                WHEN t.resolve_by < {_NOW} + interval '4 hours' THEN 'due within 4 hours'
                WHEN t.resolve_by IS NULL THEN 'no deadline' ELSE 'in time' END AS due, count(*) AS tickets
        FROM {_TICKETS} WHERE {OPEN} AND {_SCOPE} GROUP BY 1 ORDER BY 1
        """  # noqa: S608 - constants of this package
    board.add(bars_panel("Open tickets by deadline", overdue), 12, 8)
    listing = table_panel(
        "Open tickets",
        f"""
        SELECT t.number AS ticket, t.urgency, t.state, t.cause, t.probability, d.id AS device,
            d.type AS appliance, t.assignee, t.resolve_by AS deadline,
            extract(epoch FROM {_NOW} - t.opened_at) AS age, {drilldown_case(catalogue)} AS dashboard
        FROM {_TICKETS} WHERE {OPEN} AND {_SCOPE}
        ORDER BY t.resolve_by NULLS LAST, t.number LIMIT 200
        """,  # noqa: S608 - constants of this package and names from the catalogue
    )
    hide_column(listing, "dashboard")
    column_unit(listing, "probability", "percentunit")
    column_unit(listing, "age", "s")
    link_column(
        listing, "device", "Readings of ${__value.text}",
        "/d/${__data.fields.dashboard}?var-device=${__value.text}&${__url_time_range}",
    )  # fmt: skip
    board.add(listing, 24, 10)


def _add_messages(board: Board) -> None:
    skew_now = f"""
        SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY {_SKEW}) AS p95
        FROM {_PAIRS} AND $__timeFilter(o.sent_at)
        """  # noqa: S608 - constants of this package
    board.add(
        stat_panel("Notification skew, 95th percentile", skew_now, unit="ms",
                   steps=[(None, GOOD), (1000, WARN), (5000, BAD)]),
        6, 8, "Time between the owner's and the engineer's message of the same event.",
    )  # fmt: skip
    skew = f"""
        SELECT $__timeGroupAlias(o.sent_at,$__interval),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY {_SKEW}) AS median, max({_SKEW}) AS worst
        FROM {_PAIRS} AND $__timeFilter(o.sent_at) GROUP BY 1 ORDER BY 1
        """  # noqa: S608 - constants of this package
    board.add(series_panel("Notification skew", [skew], unit="ms", low=0), 18, 8)
    answered = f"""
        SELECT count(m.answered_at)::double precision / nullif(count(*), 0) AS answered
        FROM {_ANSWERS} AND $__timeFilter(m.sent_at)
        """  # noqa: S608 - constants of this package
    board.add(
        stat_panel("Questions answered", answered, unit="percentunit", decimals=0,
                   steps=[(None, WARN), (0.5, GOOD)]),
        6, 8, "Questions to owners that got an answer.",
    )  # fmt: skip
    waiting = f"""
        SELECT $__timeGroupAlias(m.sent_at,$__interval),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY {_WAITED}) AS median,
            percentile_cont(0.9) WITHIN GROUP (ORDER BY {_WAITED}) AS "nine in ten within"
        FROM {_ANSWERS} AND m.answered_at IS NOT NULL AND $__timeFilter(m.sent_at) GROUP BY 1 ORDER BY 1
        """  # noqa: S608 - constants of this package
    board.add(series_panel("Time to the owner's answer", [waiting], unit="s", low=0), 12, 8)
    unsent = f"""
        SELECT m.audience, count(*) AS messages
        FROM message m LEFT JOIN ({DEVICES}) ON d.id = m.device_id
        WHERE m.sent_at IS NULL AND m.not_before <= {_NOW} AND (d.id IS NULL OR ({_SCOPE}))
        GROUP BY 1 ORDER BY 1
        """  # noqa: S608 - constants of this package
    board.add(
        bars_panel("Messages that should have left", unsent), 6, 8,
        "Due and not sent: anything but empty means that the work process stands still.",
    )  # fmt: skip


def _add_outcomes(board: Board) -> None:
    outcomes = f"""
        SELECT t.outcome, count(*) AS tickets FROM {_TICKETS}
        WHERE $__timeFilter(t.closed_at) AND t.outcome <> '' AND {_SCOPE} GROUP BY 1 ORDER BY 2 DESC, 1
        """  # noqa: S608 - constants of this package
    board.add(bars_panel("How tickets ended", outcomes), 8, 9)
    causes = table_panel(
        "Causes",
        f"""
        SELECT d.type AS appliance, t.cause, count(*) AS tickets,
            count(*) FILTER (WHERE t.visit_avoided) AS "visits avoided",
            count(*) FILTER (WHERE {_RIGHT})::double precision
                / nullif(count(*) FILTER (WHERE {_JUDGED}), 0) AS precision,
            avg(t.minutes) * 60 AS "time on site",
            avg(extract(epoch FROM t.closed_at - t.opened_at)) AS "time to close"
        FROM {_TICKETS} WHERE $__timeFilter(t.closed_at) AND {_SCOPE}
        GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 100
        """,  # noqa: S608 - constants of this package
    )
    column_unit(causes, "precision", "percentunit")
    column_unit(causes, "time on site", "s")
    column_unit(causes, "time to close", "s")
    board.add(causes, 16, 9)
