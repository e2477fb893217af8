"""The figures that matter: satisfaction, first-time fix, precision, service levels, visits and money saved.

Each figure says what it counts; what is assumed stands in policy and is told beside the figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import dict_row

from services.policy import FigureRule
from services.service_schemas import EngineerFiguresPublic, FiguresPublic
from zerodistance.store.database import Connection

ASPECTS = ("punctuality", "skill", "manner", "result")


def satisfaction(ratings: Sequence[int], scores: Sequence[int], overall_weight: float = 0.2) -> float | None:
    """Return the index 0 to 100: (mean of a five-point scale − 1) · 25, overall and sub-scores weighted.

    Unanswered ones are left out; where only one kind was answered, it alone counts.

    Args:
        ratings: overall, 1 to 5 each.
        scores: sub-scores, 1 to 5 each.
        overall_weight: of the overall rating; the rest is the sub-scores'.

    >>> satisfaction([5, 4], [5, 5, 3, 3]), satisfaction([3], []), satisfaction([], []) is None
    (77.5, 50.0, True)
    """
    parts = [(_mean(ratings), overall_weight), (_mean(scores), 1 - overall_weight)]
    known = [((mean - 1) * 25, weight) for mean, weight in parts if mean is not None]
    total = sum(weight for _, weight in known)
    return sum(index * weight for index, weight in known) / total if known and total > 0 else None


def figures(conn: Connection, tenant: int, since: datetime, now: datetime, rule: FigureRule) -> FiguresPublic:
    """Return the figures over the tickets opened from ``since`` to ``now``.

    Args:
        conn: read only.
        tenant: whose.
        since: platform time.
        now: platform time.
        rule: assumptions of the policy.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT t.id, t.device_id, t.cause, t.outcome_cause, t.origin, t.state, t.outcome, t.assignee,"
            " t.opened_at, t.respond_by, t.responded_at, t.resolve_by, t.resolved_at, t.minutes, t.rating,"
            " t.visit_avoided, t.urgency, t.onset_at, t.closed_at,"
            " (t.diagnosis->>'predicted_failure_us')::bigint AS failure_us,"
            " (SELECT count(*) FROM ticket_history h WHERE h.ticket_id = t.id AND h.to_state = 'visiting'"
            "  AND h.from_state IS DISTINCT FROM h.to_state) AS visits,"
            " ARRAY(SELECT score::int FROM rating_score s WHERE s.ticket_id = t.id) AS scores"
            " FROM ticket t WHERE t.tenant_id = %s AND t.opened_at > %s AND t.opened_at <= %s"
            " AND t.state <> 'merged' ORDER BY t.opened_at",
            (tenant, since, now),
        ).fetchall()
        names = {
            row["id"]: row["name"]
            for row in cursor.execute("SELECT id, name FROM engineer WHERE tenant_id = %s", (tenant,))
        }
        counted = cursor.execute(
            "SELECT count(*)::int AS n FROM device WHERE tenant_id = %s AND retired_at IS NULL", (tenant,)
        ).fetchone()
    devices = counted["n"] if counted else 0
    own = [row for row in rows if row["origin"] in ("predicted", "detected", "fault_code")]
    looked = [r for r in own if r["outcome"] in ("confirmed", "other_fault", "no_fault_found", "owner_fixed")]
    years = devices * (now - since).total_seconds() / (365.25 * 86_400)
    false = sum(row["outcome"] == "no_fault_found" for row in own)
    leads = sorted(
        (row["failure_us"] / 1e6 - row["opened_at"].timestamp()) / 86_400
        for row in own
        if row["failure_us"] is not None and row["outcome"] == "confirmed"
    )
    avoided = sum(row["visit_avoided"] and row["state"] == "closed" for row in rows)
    again = _needed_again(rows, timedelta(days=rule.first_time_fix_days))
    engineers = [
        _engineer(who, names.get(who, who), [r for r in rows if r["assignee"] == who], again, rule)
        for who in sorted({row["assignee"] for row in rows if row["assignee"] and row["resolved_at"]})
    ]
    return FiguresPublic(
        since=since,
        tickets=len(rows),
        proactive_share=len(own) / len(rows) if rows else None,
        precision=_share([row["outcome"] in ("confirmed", "owner_fixed") for row in looked]),
        false_per_device_year=false / years if years > 0 else None,
        lead_time_days=leads[len(leads) // 2] if leads else None,
        first_time_fix=_share(_fixed(rows, again)),
        sla_kept=_share(_kept(rows)),
        satisfaction=_satisfaction(rows, rule),
        ratings=sum(row["rating"] is not None for row in rows),
        visits_avoided=avoided,
        money_saved=round(avoided * rule.cost_of_visit, 2),
        currency=rule.currency,
        cost_of_visit=rule.cost_of_visit,
        cost_per_ticket=rule.cost_of_visit * sum(row["visits"] for row in rows) / len(rows) if rows else None,
        availability=_availability(rows, devices, since, now),
        engineers=engineers,
    )


def _engineer(
    who: str, name: str, rows: Sequence[Mapping[str, Any]], again: frozenset[str], rule: FigureRule
) -> EngineerFiguresPublic:
    done = [row for row in rows if row["resolved_at"] is not None]
    return EngineerFiguresPublic(
        id=who,
        name=name,
        visits=len(done),
        ratings=sum(row["rating"] is not None for row in done),
        minutes=_mean([row["minutes"] for row in done if row["minutes"] is not None]),
        satisfaction=_satisfaction(done, rule),
        first_time_fix=_share(_fixed(done, again)),
        sla_kept=_share(_kept(done)),
    )


def _satisfaction(rows: Sequence[Mapping[str, Any]], rule: FigureRule) -> float | None:
    ratings = [row["rating"] for row in rows if row["rating"] is not None]
    scores = [score for row in rows for score in row["scores"]]
    return satisfaction(ratings, scores, rule.rating_overall_weight)


def _fixed(rows: Sequence[Mapping[str, Any]], again: frozenset[str]) -> list[bool]:
    repairs = [row for row in rows if row["resolved_at"] and row["outcome"] in ("confirmed", "other_fault")]
    return [row["visits"] <= 1 and row["id"] not in again for row in repairs]


def _kept(rows: Sequence[Mapping[str, Any]]) -> list[bool]:
    done = [row for row in rows if row["resolved_at"] is not None and row["resolve_by"] is not None]
    return [
        row["resolved_at"] <= row["resolve_by"]
        and (row["respond_by"] is None or (row["responded_at"] or row["resolved_at"]) <= row["respond_by"])
        for row in done
    ]


def _availability(
    rows: Sequence[Mapping[str, Any]], devices: int, since: datetime, now: datetime
) -> float | None:
    """Return the share of device time without an urgent incident, from its onset until it was dealt with."""
    total = devices * (now - since).total_seconds()
    if total <= 0:
        return None
    down = 0.0
    for row in rows:
        if row["urgency"] == "urgent" and row["outcome"] not in ("no_fault_found", "cancelled"):
            until = row["resolved_at"] or row["closed_at"] or now
            down += max((until - max(row["onset_at"], since)).total_seconds(), 0.0)
    return max(1.0 - down / total, 0.0)


def _needed_again(rows: Sequence[Mapping[str, Any]], within: timedelta) -> frozenset[str]:
    """Return the repairs after which the same appliance had the same cause again; rows are in their order."""
    found = set()
    last: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows:
        key = (row["device_id"], row["outcome_cause"] or row["cause"])
        before = last.get(key)
        if before is not None and row["opened_at"] - before["resolved_at"] <= within:
            found.add(before["id"])
        if row["resolved_at"] is not None:
            last[key] = row
    return frozenset(found)


def _share(answers: Sequence[bool]) -> float | None:
    return sum(answers) / len(answers) if answers else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
