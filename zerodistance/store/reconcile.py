"""Do the sums meet? What every stage counted, against what stands in the tables and on the log.

The consumers' counts are added up in the transaction of the rows, so they hold whatever was killed. Ingest's
are written once a second beside the work: they say how much came, not how much there is (a kill forgets up
to a second of them, and what the broker delivers again is counted again), and nothing is concluded from them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

from psycopg import sql

from zerodistance.log.interface import TopicPartition
from zerodistance.messages import FINDINGS, TELEMETRY
from zerodistance.store import counts
from zerodistance.store.database import Connection
from zerodistance.store.schema import TableShape, read_shape

Ends = Mapping[TopicPartition, int]
# What becomes of a sample that the store has read: exactly one of these.
FATES = ("inserted", "merged", "duplicate", "conflict", "parked", "refused")
# Days that differ are named one by one up to so many.
_NAMED = 5


class Report(NamedTuple):
    """What was found.

    Attributes:
        stages: stage → outcome → how many, as counted.
        log: topic → records, and how many of them each consumer has before it; None: it was not asked.
        tables: what stands in the database.
        letters: dead letters that wait, by reason.
        problems: sentences, one for each sum that does not meet.
        notes: what could not be compared, and why.
    """

    stages: dict[str, dict[str, int]]
    log: dict[str, dict[str, int]] | None
    tables: dict[str, int]
    letters: dict[str, int]
    problems: list[str]
    notes: list[str]


class Day(NamedTuple):
    """Rows of one type and UTC day: counted when they were inserted, and there now."""

    type: str
    day: date
    counted: int
    there: int


def reconcile(
    conn: Connection, read_ends: Callable[[], Ends] | None, kept: Mapping[str, date], since: date | None
) -> Report:
    """Compare all sums, on one snapshot of the database.

    Args:
        conn: with no transaction open.
        read_ends: asks the log for the end of each partition of its topics; None: the log is left out.
        kept: appliance type → first UTC day of which no row has been dropped for its age.
        since: compares rows of this UTC day and later only; None: of all days that are kept.
    """
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = counts.read(conn)
        offsets = {
            (consumer, TopicPartition(topic, partition)): offset
            for consumer, topic, partition, offset in conn.execute(
                "SELECT consumer, topic, partition, next_offset FROM log_offset"
            )
        }
        ends = read_ends() if read_ends is not None else None  # after the snapshot: never behind it
        tables = _sizes(conn)
        days = [day for name in sorted(kept) for day in _days(conn, name, kept[name], since)]
        letters = conn.execute(
            "SELECT reason, count(*) FROM dead_letter WHERE replayed_at IS NULL AND dropped_at IS NULL"
            " GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
    tables = {"telemetry rows": sum(day.there for day in days), **tables}
    stages: dict[str, dict[str, int]] = defaultdict(dict)
    for (stage, outcome), count in found.items():
        stages[stage][outcome] = count
    problems: list[str] = []
    notes: list[str] = []
    problems += check_store(stages)
    problems += check_days(days)
    problems += check_tables(found, tables)
    said = check_diagnosis(stages, offsets)
    (notes if said.startswith("Not compared") else problems).extend([said] if said else [])
    journal = None
    if ends is not None:
        journal, wrong = check_log(offsets, ends)
        problems += wrong + check_findings(stages, tables, ends)
    return Report(dict(stages), journal, tables, dict(letters), problems, notes)


def check_store(stages: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Every sample that the store took has exactly one fate.

    >>> check_store({"store": {"samples_in": 3, "inserted": 2, "merged": 1}})
    []
    """
    store = stages.get("store", {})
    taken, fates = store.get("samples_in", 0), sum(store.get(fate, 0) for fate in FATES)
    if taken == fates:
        return []
    return [f"The store took {taken:,} samples and says what became of {fates:,}: {taken - fates:+,} differ."]


def check_days(days: list[Day]) -> list[str]:
    """Every row that was inserted is there, and no other.

    >>> check_days([Day("oven", date(2026, 3, 1), 10, 9)])
    ['telemetry_oven of 2026-03-01: 10 rows were inserted and 9 are there; 1 is missing.']
    """
    wrong = [day for day in days if day.counted != day.there]
    problems = []
    for day in wrong[:_NAMED]:
        differ = day.counted - day.there
        what = (
            f"{differ:,} {'is' if differ == 1 else 'are'} missing"
            if differ > 0
            else "nobody counted the others"
        )
        problems.append(
            f"telemetry_{day.type} of {day.day}: {day.counted:,} rows were inserted and {day.there:,} are "
            f"there; {what}."
        )
    if len(wrong) > _NAMED:
        problems.append(f"{len(wrong) - _NAMED} further days differ as well.")
    return problems


def check_tables(found: Mapping[tuple[str, str], int], tables: Mapping[str, int]) -> list[str]:
    """Events, letters and parked samples: what was added, less what has left, is there."""
    expected = {
        "events": found.get(("store", "events"), 0)
        + found.get(("before", "events"), 0)
        - found.get(("expired", "device_event"), 0),
        "dead letters": sum(n for (_, outcome), n in found.items() if outcome == "letters")
        - found.get(("expired", "dead_letter"), 0),
        "parked samples": found.get(("store", "parked"), 0)
        + found.get(("before", "parked"), 0)
        - found.get(("parking", "samples"), 0)
        - found.get(("expired", "parked_sample"), 0),
    }
    return [
        f"{count:,} {name} should be there and {tables[name]:,} are."
        for name, count in expected.items()
        if tables[name] != count
    ]


def check_diagnosis(
    stages: Mapping[str, Mapping[str, int]], offsets: Mapping[tuple[str, TopicPartition], int]
) -> str:
    """Where store and diagnosis have read equally far they have taken equally many samples; "" if so."""
    read: dict[str, dict[TopicPartition, int]] = {"store": {}, "diagnose": {}}
    for (consumer, where), offset in offsets.items():
        if where.topic == TELEMETRY and consumer in read and offset:  # none and nought: nothing was read
            read[consumer][where] = offset
    if not read["diagnose"]:
        return ""
    if read["store"] != read["diagnose"]:
        return "Not compared: store and diagnosis, which have not read equally far at this moment."
    if any(stages.get(consumer, {}).get("rejected") for consumer in read):
        return "Not compared: store and diagnosis, because one of them could not take a whole record."
    stored = stages.get("store", {}).get("samples_in", 0)
    diagnosed = stages.get("diagnose", {}).get("in", 0)
    if stored == diagnosed:
        return ""
    return f"Store and diagnosis have read the same records: {stored:,} samples here, {diagnosed:,} there."


def check_log(
    offsets: Mapping[tuple[str, TopicPartition], int], ends: Ends
) -> tuple[dict[str, dict[str, int]], list[str]]:
    """Return for each topic its records and what each consumer has before it, and who is past the end."""
    topics: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for where, end in ends.items():
        topics[where.topic]["records"] += end
    problems = []
    consumers = {(consumer, where.topic) for consumer, where in offsets}
    for consumer, topic in sorted(consumers):
        if topic not in topics:
            continue
        for where, end in ends.items():
            if where.topic != topic:
                continue
            offset = offsets.get((consumer, where), 0)
            topics[topic][f"waiting for {consumer}"] += max(0, end - offset)
            if offset > end:
                problems.append(
                    f"{consumer} has read {topic}/{where.partition} up to {offset:,} and it ends at {end:,}: "
                    'the log was replaced; see "What to back up" in docs/operations.md.'
                )
    return {topic: dict(numbers) for topic, numbers in sorted(topics.items())}, problems


def check_findings(
    stages: Mapping[str, Mapping[str, int]], tables: Mapping[str, int], ends: Ends
) -> list[str]:
    """Every finding has reached the log, or waits in the outbox."""
    made = stages.get("diagnose", {}).get("findings", 0)
    told = sum(end for where, end in ends.items() if where.topic == FINDINGS)
    waiting = tables["findings in the outbox"]
    if told + waiting >= made:
        return []
    return [
        f"The diagnosis made {made:,} findings (revisions included); {told:,} are on the log and "
        f"{waiting:,} wait in the outbox."
    ]


def _sizes(conn: Connection) -> dict[str, int]:
    return {
        name: _number(conn, query)
        for name, query in {
            "events": "SELECT count(*) FROM device_event",
            "dead letters": "SELECT count(*) FROM dead_letter",
            "parked samples": "SELECT count(*) FROM parked_sample",
            "conflicts": "SELECT count(*) FROM telemetry_conflict",
            "findings in the outbox": f"SELECT count(*) FROM outbox WHERE topic = '{FINDINGS}'",  # noqa: S608
            "findings": "SELECT count(*) FROM finding",
            "findings open": "SELECT count(*) FROM finding WHERE state = 'open'",
            "tickets": "SELECT count(*) FROM ticket",
            "tickets open": (
                "SELECT count(*) FROM ticket WHERE state NOT IN ('closed', 'cancelled', 'merged')"
            ),
        }.items()
    }


def _number(conn: Connection, query: Any) -> int:
    row = conn.execute(query).fetchone()
    return int(row[0]) if row else 0


def _days(conn: Connection, name: str, first: date, since: date | None) -> list[Day]:
    shape: TableShape | None = read_shape(conn, name)
    if shape is None:
        return []
    begin = max(first, since) if since is not None else first
    query = sql.SQL(
        "SELECT coalesce(c.day, t.day), coalesce(c.rows, 0), coalesce(t.rows, 0) FROM"
        " (SELECT day, rows FROM telemetry_count WHERE type = %s AND day >= %s) AS c FULL JOIN"
        " (SELECT (time AT TIME ZONE 'UTC')::date AS day, count(*) AS rows FROM {table}"
        " WHERE time >= (%s::date)::timestamp AT TIME ZONE 'UTC' GROUP BY 1) AS t"
        " ON t.day = c.day ORDER BY 1"
    ).format(table=sql.Identifier(shape.table))
    return [Day(name, *row) for row in conn.execute(query, (name, begin, begin))]
