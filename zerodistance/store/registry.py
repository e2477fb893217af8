"""The models' registry in the database: versions and stages, the history of promotions, labels and opinions.

Rows and bytes only: what a model is, the caller knows. A version's file and card never change; its stage
does, under a lock per appliance type, with a line of history for each move.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from zerodistance.errors import ConflictError, NotFoundError
from zerodistance.store.database import Connection

_LOCK = 0x5A44_0011


@dataclass(frozen=True, slots=True)
class Version:
    """A row of ``model_version``, without the file."""

    version: str
    type: str
    number: int
    stage: str
    created_at: datetime
    created_by: str
    data_sha256: str
    card: dict[str, Any]
    file_sha256: str


@dataclass(frozen=True, slots=True)
class Promotion:
    """A line of the history; ``version`` None: the signatures of the catalogue."""

    type: str
    version: str | None
    from_stage: str | None
    to_stage: str
    time: datetime
    actor: str
    reason: str
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A look at a finding that led a closed ticket, with the outcome that a person gave."""

    finding_id: str
    time: datetime
    stage: str
    device_id: str
    type: str
    cause: str
    vector: dict[str, Any]
    champion: str
    champion_says: dict[str, Any]
    challenger: str | None
    challenger_says: dict[str, Any] | None
    ticket_id: str
    closed_at: datetime
    outcome: str
    outcome_cause: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """A row of ``diagnosis_opinion``."""

    finding_id: str
    time: datetime
    stage: str
    tenant: int
    device: str
    type: str
    revision: int
    cause: str
    vector: Mapping[str, Any]
    champion: str
    champion_says: Mapping[str, Any]
    challenger: str | None
    challenger_says: Mapping[str, Any] | None


_COLUMNS = "version, type, number, stage, created_at, created_by, data_sha256, card, file_sha256"


def versions(conn: Connection, type_: str = "") -> list[Version]:
    """Return all versions (of one type), newest last."""
    with conn.cursor(row_factory=class_row(Version)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM model_version"  # noqa: S608 - a constant
            " WHERE %(type)s = '' OR type = %(type)s ORDER BY type, number",
            {"type": type_},
        ).fetchall()


def version(conn: Connection, name: str) -> Version:
    """Return one version.

    Raises:
        NotFoundError: there is none of this name.
    """
    with conn.cursor(row_factory=class_row(Version)) as cursor:
        row = cursor.execute(
            f"SELECT {_COLUMNS} FROM model_version WHERE version = %s",  # noqa: S608 - a constant
            (name,),
        ).fetchone()
    if row is None:
        raise NotFoundError(f"There is no model {name!r}: see `zerodistance models list`.")
    return row


def staged(conn: Connection) -> dict[tuple[str, str], str]:
    """Return (type, ``champion`` or ``challenger``) → version, for all that have one."""
    rows = conn.execute("SELECT type, stage, version FROM model_version WHERE stage <> 'retired'")
    return {(type_, stage): name for type_, stage, name in rows}


def file_of(conn: Connection, name: str) -> bytes:
    """Return a version's file.

    Raises:
        NotFoundError: there is none of this name.
    """
    row = conn.execute("SELECT file FROM model_version WHERE version = %s", (name,)).fetchone()
    if row is None:
        raise NotFoundError(f"There is no model {name!r}: see `zerodistance models list`.")
    return bytes(row[0])


def next_number(conn: Connection, type_: str) -> int:
    """Return the number of the type's next version; nobody else gets it before the transaction ends."""
    _lock(conn, type_)
    row = conn.execute(
        "SELECT coalesce(max(number), 0) + 1 FROM model_version WHERE type = %s", (type_,)
    ).fetchone()
    return int(row[0]) if row else 1


def add(
    conn: Connection,
    *,
    type_: str,
    number: int,
    created_at: datetime,
    created_by: str,
    reason: str,
    data_sha256: str,
    card: Mapping[str, Any],
    file: bytes,
    file_sha256: str,
    labels: Iterable[tuple[str, str, str, str]],
) -> str:
    """Register a version as its type's challenger, in the place of the one before; return its name.

    Args:
        conn: in the transaction in which :func:`next_number` gave ``number``.
        labels: (finding, ticket, label, outcome) of what it was trained on.
    """
    _lock(conn, type_)
    name = f"{type_}-{number}"
    before = staged(conn).get((type_, "challenger"))
    if before is not None:
        _move(conn, type_, before, "challenger", "retired", created_at, created_by, f"{name} follows it", {})
    conn.execute(
        "INSERT INTO model_version (version, type, number, stage, created_at, created_by, data_sha256, card,"
        " file, file_sha256) VALUES (%s, %s, %s, 'challenger', %s, %s, %s, %s, %s, %s)",
        (name, type_, number, created_at, created_by, data_sha256, Jsonb(card), file, file_sha256),
    )
    _note(conn, type_, name, None, "challenger", created_at, created_by, reason, {})
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO model_label (version, finding_id, ticket_id, label, outcome)"
            " VALUES (%s, %s, %s, %s, %s)",
            [(name, *label) for label in sorted(set(labels))],
        )
    return name


def promote(
    conn: Connection, name: str, now: datetime, actor: str, reason: str, figures: Mapping[str, Any]
) -> str | None:
    """Make a version its type's champion; return the one before it, None for the signatures.

    Raises:
        NotFoundError: there is none of this name.
        ConflictError: it is champion already.
    """
    type_ = version(conn, name).type
    _lock(conn, type_)
    stage = version(conn, name).stage
    if stage == "champion":
        raise ConflictError(f"{name} is the champion already.")
    before = staged(conn).get((type_, "champion"))
    if before is not None:
        _move(conn, type_, before, "champion", "retired", now, actor, f"{name} takes its place: {reason}", {})
    else:
        _note(conn, type_, None, "champion", "retired", now, actor, f"{name} takes its place: {reason}", {})
    _move(conn, type_, name, stage, "champion", now, actor, reason, figures)
    return before


def rollback(conn: Connection, type_: str, now: datetime, actor: str, reason: str) -> tuple[str, str | None]:
    """Put the champion before the present one back; return (who goes, who comes: None for the signatures).

    The one who goes is retired. Who comes is the champion that it had replaced, by the history; what was
    itself rolled back since is skipped, so two rollbacks go two steps back.

    Raises:
        ConflictError: the signatures are champion: there is nothing to go back to.
    """
    _lock(conn, type_)
    present = staged(conn).get((type_, "champion"))
    if present is None:
        raise ConflictError(f"{type_}: the catalogue's signatures are champion; nothing can be rolled back.")
    before = _champion_before(conn, type_)
    figures = {"rollback": True, "from": present}
    _move(conn, type_, present, "champion", "retired", now, actor, f"rolled back: {reason}", figures)
    if before is None:
        _note(conn, type_, None, "retired", "champion", now, actor, reason, figures)
    else:
        stage = version(conn, before).stage
        _move(conn, type_, before, stage, "champion", now, actor, reason, figures)
    return present, before


def history(conn: Connection, type_: str = "") -> list[Promotion]:
    """Return who moved what, when and why (of one type), oldest first."""
    with conn.cursor(row_factory=class_row(Promotion)) as cursor:
        return cursor.execute(
            "SELECT type, version, from_stage, to_stage, time, actor, reason, figures FROM model_promotion"
            " WHERE %(type)s = '' OR type = %(type)s ORDER BY id",
            {"type": type_},
        ).fetchall()


def labelled(conn: Connection, type_: str, *, since: datetime | None = None) -> list[Labelled]:
    """Return every look at findings that led a closed ticket with an outcome that a person gave.

    Args:
        conn: database.
        type_: of the appliances.
        since: tickets closed after this only.
    """
    with conn.cursor(row_factory=class_row(Labelled)) as cursor:
        return cursor.execute(
            "SELECT o.finding_id, o.time, o.stage, o.device_id, o.type, o.cause, o.vector, o.champion,"
            " o.champion_says, o.challenger, o.challenger_says, t.id AS ticket_id, t.closed_at, t.outcome,"
            " t.outcome_cause FROM ticket t JOIN diagnosis_opinion o ON o.finding_id = t.finding_id"
            " WHERE t.state = 'closed' AND t.outcome IN ('confirmed', 'other_fault', 'no_fault_found')"
            " AND o.type = %(type)s AND o.time <= t.closed_at"
            " AND (%(since)s::timestamptz IS NULL OR t.closed_at > %(since)s)"
            " ORDER BY t.closed_at, t.id, o.time, o.stage",
            {"type": type_, "since": since},
        ).fetchall()


def lineage(conn: Connection, name: str) -> list[tuple[str, str, str, str]]:
    """Return (finding, ticket, label, outcome) of everything that a version was trained on."""
    rows = conn.execute(
        "SELECT finding_id, ticket_id, label, outcome FROM model_label WHERE version = %s ORDER BY 2, 1",
        (name,),
    )
    return [(str(a), str(b), str(c), str(d)) for a, b, c, d in rows]


def save_opinions(conn: Connection, opinions: Sequence[Opinion]) -> None:
    """Write what was seen and said; what was written before (and read again after a crash) stands."""
    if not opinions:
        return
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO diagnosis_opinion (finding_id, time, stage, tenant_id, device_id, type, revision,"
            " cause, vector, champion, champion_says, challenger, challenger_says)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (finding_id, time, stage) DO NOTHING",
            [
                (
                    *(one.finding_id, one.time, one.stage, one.tenant, one.device, one.type, one.revision),
                    *(one.cause, Jsonb(one.vector), one.champion, Jsonb(one.champion_says)),
                    one.challenger,
                    None if one.challenger_says is None else Jsonb(one.challenger_says),
                )
                for one in opinions
            ],
        )


def _champion_before(conn: Connection, type_: str) -> str | None:
    """Return the champion before the present one, None for the signatures: a stack that rollbacks pop."""
    stack: list[str | None] = [None]
    for line in history(conn, type_):
        if line.to_stage != "champion":
            continue
        if line.figures.get("rollback"):
            stack.pop()
        else:
            stack.append(line.version)
    return stack[-2] if len(stack) > 1 else None


def _move(
    conn: Connection,
    type_: str,
    name: str,
    from_stage: str,
    to_stage: str,
    now: datetime,
    actor: str,
    reason: str,
    figures: Mapping[str, Any],
) -> None:
    conn.execute("UPDATE model_version SET stage = %s WHERE version = %s", (to_stage, name))
    _note(conn, type_, name, from_stage, to_stage, now, actor, reason, figures)


def _note(
    conn: Connection,
    type_: str,
    name: str | None,
    from_stage: str | None,
    to_stage: str,
    now: datetime,
    actor: str,
    reason: str,
    figures: Mapping[str, Any],
) -> None:
    conn.execute(
        "INSERT INTO model_promotion (type, version, from_stage, to_stage, time, actor, reason, figures)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (type_, name, from_stage, to_stage, now, actor, reason, Jsonb(figures)),
    )


def _lock(conn: Connection, type_: str) -> None:
    """Let one at a time change the stages of a type, until the transaction ends."""
    conn.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_LOCK, type_))
