"""Product issues in the database: opened and counted by what engineers have confirmed, moved by people."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from psycopg.rows import class_row

from services.policy import ProductIssueRule
from zerodistance.errors import ConflictError, IllegalMoveError, InvalidMessageError, NotFoundError
from zerodistance.store.database import Connection


class State(StrEnum):
    """Where an issue stands."""

    OPEN = "open"
    INVESTIGATING = "investigating"
    MENDED = "mended"
    """A change of the product, of its firmware or of a part has dealt with it."""
    DISMISSED = "dismissed"
    """It was looked into, and nothing will be changed."""


MOVES: dict[State, frozenset[State]] = {
    State.OPEN: frozenset({State.INVESTIGATING, State.MENDED, State.DISMISSED}),
    State.INVESTIGATING: frozenset({State.OPEN, State.MENDED, State.DISMISSED}),
    State.MENDED: frozenset(),  # if it goes on, repairs from then on open a new issue
    State.DISMISSED: frozenset(),
}
CLOSED = frozenset({State.MENDED, State.DISMISSED})


@dataclass(frozen=True, slots=True)
class ProductIssue:
    """A row of the table ``product_issue``.

    Attributes:
        since: repairs from then on count.
        affected: appliances of the model with a confirmed repair of this cause.
        devices: of the model, that are in use.
        counted_at: when these two were counted last.
    """

    id: str
    number: int
    tenant_id: int
    version: int
    state: str
    type: str
    model: str
    cause: str
    since: datetime
    opened_at: datetime
    affected: int
    devices: int
    counted_at: datetime
    closed_at: datetime | None

    @property
    def prevalence(self) -> float:
        """The share of the model's appliances that had it."""
        return self.affected / self.devices


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of an issue's history."""

    version: int
    time: datetime
    actor: str
    state: str
    note: str


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the affected appliances have something in common.

    Attributes:
        dimension: region, firmware, part (replaced), month (of the repair), age (whole years in use by then).
        value: "" where it is not known, or no part was replaced.
    """

    dimension: str
    value: str
    affected: int


@dataclass(frozen=True, slots=True)
class Repair:
    """One confirmed repair behind an issue, for those who see its ticket.

    Attributes:
        cause: what it was thought to be before somebody looked.
    """

    ticket_id: str
    number: int
    device_id: str
    device_name: str
    firmware: str
    region: str
    resolved_at: datetime
    cause: str
    parts: list[str]
    minutes: int | None


# Confirmed by an engineer: what was repaired, whatever was thought before.
_REPAIRED = (
    " FROM ticket t JOIN device d ON d.id = t.device_id"
    " WHERE t.outcome_cause <> '' AND t.outcome IN ('confirmed', 'other_fault')"
    " AND t.state NOT IN ('cancelled', 'merged')"
)
_OF_ISSUE = (
    " AND d.tenant_id = %(tenant)s AND d.type = %(type)s AND d.model = %(model)s"
    " AND t.outcome_cause = %(cause)s AND t.resolved_at >= %(since)s"
    " AND (%(until)s::timestamptz IS NULL OR t.resolved_at <= %(until)s)"
)


def look(conn: Connection, rule: ProductIssueRule, now: datetime) -> list[ProductIssue]:
    """Count what recurs, and open an issue for each model and cause that has crossed the threshold.

    Issues that are open are counted anew. After one was closed only later repairs count towards the next.

    Args:
        conn: in a transaction; of several processes each issue is opened once.
        rule: of the policy.
        now: platform time.

    Returns:
        The issues that were opened.
    """
    begin = now - timedelta(days=rule.days)
    rows = conn.execute(
        "WITH fleet AS (SELECT tenant_id, type, model, count(*)::int AS devices FROM device"  # noqa: S608
        "  WHERE retired_at IS NULL GROUP BY 1, 2, 3),"
        " closed AS (SELECT tenant_id, type, model, cause, max(closed_at) AS at FROM product_issue"
        "  WHERE closed_at IS NOT NULL GROUP BY 1, 2, 3, 4),"
        " repair AS (SELECT d.tenant_id, d.type, d.model, t.outcome_cause AS cause, d.id, t.resolved_at"
        f"  {_REPAIRED} AND t.resolved_at > %(begin)s AND d.retired_at IS NULL),"
        " recurring AS (SELECT r.tenant_id, r.type, r.model, r.cause, min(r.resolved_at) AS since,"
        "  count(DISTINCT r.id)::int AS affected FROM repair r"
        "  LEFT JOIN closed c USING (tenant_id, type, model, cause)"
        "  WHERE c.at IS NULL OR r.resolved_at > c.at GROUP BY 1, 2, 3, 4)"
        " SELECT tenant_id, type, model, cause, since, affected, devices FROM recurring r"
        " JOIN fleet USING (tenant_id, type, model)"
        " WHERE (affected >= %(least)s AND affected >= %(share)s * devices) OR EXISTS ("
        "  SELECT FROM product_issue p WHERE (p.tenant_id, p.type, p.model, p.cause)"
        "  = (r.tenant_id, r.type, r.model, r.cause) AND p.closed_at IS NULL)"
        " ORDER BY 1, 2, 3, 4",
        {"begin": begin, "least": rule.least, "share": rule.prevalence},
    ).fetchall()
    opened = []
    for tenant, type_name, model, cause, since, affected, devices in rows:
        counted = conn.execute(
            "UPDATE product_issue SET affected = %s, devices = %s, counted_at = %s WHERE tenant_id = %s"
            " AND type = %s AND model = %s AND cause = %s AND closed_at IS NULL",
            (affected, devices, now, tenant, type_name, model, cause),
        )
        if counted.rowcount:
            continue
        issue = _insert(conn, tenant, type_name, model, cause, since, affected, devices, now)
        if issue is not None:
            opened.append(issue)
    return opened


def _insert(
    conn: Connection,
    tenant: int,
    type_name: str,
    model: str,
    cause: str,
    since: datetime,
    affected: int,
    devices: int,
    now: datetime,
) -> ProductIssue | None:
    with conn.cursor(row_factory=class_row(ProductIssue)) as cursor:
        issue = cursor.execute(
            "INSERT INTO product_issue (id, tenant_id, type, model, cause, since, opened_at, affected,"
            " devices, counted_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (tenant_id, type, model, cause) WHERE state IN ('open', 'investigating')"
            " DO NOTHING RETURNING *",
            (uuid.uuid4().hex, tenant, type_name, model, cause, since, now, affected, devices, now),
        ).fetchone()
    if issue is None:
        return None  # another process was quicker
    note = f"{affected} of {devices} appliances of this model have had it repaired."
    _note(conn, issue, "platform", note, now)
    return issue


def listing(conn: Connection, tenant: int, *, closed: bool = False) -> list[ProductIssue]:
    """Return the open issues, the most prevalent first; with ``closed`` the others, the latest first."""
    with conn.cursor(row_factory=class_row(ProductIssue)) as cursor:
        return cursor.execute(
            "SELECT * FROM product_issue WHERE tenant_id = %s AND (closed_at IS NOT NULL) = %s"
            " ORDER BY closed_at DESC, affected::float8 / devices DESC, number LIMIT 200",
            (tenant, closed),
        ).fetchall()


def get(conn: Connection, tenant: int, issue_id: str, *, lock: bool = False) -> ProductIssue:
    """Return one issue; with ``lock`` it stays ours until the transaction ends.

    Raises:
        NotFoundError: there is no such issue.
    """
    query = "SELECT * FROM product_issue WHERE tenant_id = %s AND id = %s"
    with conn.cursor(row_factory=class_row(ProductIssue)) as cursor:
        row = cursor.execute(query + " FOR UPDATE" if lock else query, (tenant, issue_id)).fetchone()
    if row is None:
        raise NotFoundError(f"There is no product issue {issue_id!r}.")
    return row


def history(conn: Connection, issue_id: str) -> list[Entry]:
    """Return what happened to an issue, in its order."""
    with conn.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(
            "SELECT version, time, actor, state, note FROM product_issue_history WHERE issue_id = %s"
            " ORDER BY version",
            (issue_id,),
        ).fetchall()


def shares(conn: Connection, issue: ProductIssue) -> list[Share]:
    """Return what the affected appliances have in common at their first repair; no single home is told."""
    with conn.cursor(row_factory=class_row(Share)) as cursor:
        return cursor.execute(
            "WITH repaired AS (SELECT DISTINCT ON (d.id) d.id, d.household_id, d.firmware, d.installed_at,"  # noqa: S608
            f"  t.resolved_at AS at, t.parts_used {_REPAIRED} {_OF_ISSUE} ORDER BY d.id, t.resolved_at)"
            " SELECT s.dimension, s.value, count(DISTINCT r.id)::int AS affected FROM repaired r"
            " LEFT JOIN household h ON h.id = r.household_id CROSS JOIN LATERAL"
            " (VALUES ('region', coalesce(h.region, '')), ('firmware', r.firmware),"
            "  ('month', to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM')),"
            "  ('age', coalesce(greatest(extract(year FROM age(r.at, r.installed_at)), 0)::int::text, ''))"
            "  UNION ALL SELECT 'part', part"
            "  FROM unnest(CASE WHEN r.parts_used = '{}' THEN ARRAY[''] ELSE r.parts_used END) part"
            " ) s(dimension, value) GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2",
            _of_issue(issue),
        ).fetchall()


def repairs(conn: Connection, issue: ProductIssue) -> list[Repair]:
    """Return the repairs behind an issue that the caller sees, the latest first, at most 100."""
    with conn.cursor(row_factory=class_row(Repair)) as cursor:
        return cursor.execute(
            "SELECT t.id AS ticket_id, t.number, d.id AS device_id, d.name AS device_name, d.firmware,"
            " coalesce(t.region, '') AS region, t.resolved_at, t.cause, t.parts_used AS parts, t.minutes"
            f" {_REPAIRED} {_OF_ISSUE} ORDER BY t.resolved_at DESC, t.number DESC LIMIT 100",
            _of_issue(issue),
        ).fetchall()


def move(
    conn: Connection,
    tenant: int,
    issue_id: str,
    version: int,
    to: State,
    *,
    actor: str,
    note: str,
    now: datetime,
) -> ProductIssue:
    """Move an issue as a person asks; to close it, what was found or done has to be said.

    Raises:
        NotFoundError: there is no such issue.
        ConflictError: somebody else changed it since ``version``.
        IllegalMoveError: it cannot go there from where it stands.
        InvalidMessageError: it is closed without a word.
    """
    issue = get(conn, tenant, issue_id, lock=True)
    if issue.version != version:
        raise ConflictError(
            f"Somebody else changed this issue in the meantime (version {issue.version}, you saw {version}): "
            "read it again, then decide."
        )
    if to not in MOVES[State(issue.state)]:
        ways = ", ".join(sorted(MOVES[State(issue.state)])) or "nowhere"
        raise IllegalMoveError(f"A product issue that is {issue.state} cannot be {to}: it goes to {ways}.")
    if to in CLOSED and not note.strip():
        raise InvalidMessageError("wrong_shape", "Say what was found or changed when an issue is closed.")
    with conn.cursor(row_factory=class_row(ProductIssue)) as cursor:
        moved = cursor.execute(
            "UPDATE product_issue SET state = %s, version = version + 1, closed_at = %s WHERE id = %s"
            " RETURNING *",
            (to.value, now if to in CLOSED else None, issue.id),
        ).fetchone()
    if moved is None:  # it is locked
        raise NotFoundError(f"There is no product issue {issue_id!r}.")
    _note(conn, moved, actor, note.strip(), now)
    return moved


def _of_issue(issue: ProductIssue) -> dict[str, Any]:
    return {
        "tenant": issue.tenant_id,
        "type": issue.type,
        "model": issue.model,
        "cause": issue.cause,
        "since": issue.since,
        "until": issue.closed_at,
    }


def _note(conn: Connection, issue: ProductIssue, actor: str, note: str, now: datetime) -> None:
    conn.execute(
        "INSERT INTO product_issue_history VALUES (%s, %s, %s, %s, %s, %s)",
        (issue.id, issue.version, now, actor, issue.state, note),
    )
