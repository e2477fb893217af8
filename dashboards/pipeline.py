"""Pipeline: what each stage did, what was refused and why, and what nobody claimed yet."""

from __future__ import annotations

from typing import Any

from dashboards.board import Board
from dashboards.panels import (
    BAD,
    GOOD,
    WARN,
    bars_panel,
    series_panel,
    stat_panel,
    table_panel,
)

NAME = "pipeline"
_WAITING = "replayed_at IS NULL AND dropped_at IS NULL"


def build_pipeline() -> dict[str, Any]:
    """Return the pipeline dashboard."""
    board = Board(
        NAME, "Pipeline", "Stages, refused messages, unknown channels and devices, offsets.", since="now-24h"
    )
    board.row("Now")
    _add_figures(board)
    board.row("Stages")
    _add_stages(board)
    board.row("Refused")
    _add_refused(board)
    board.row("Not described yet")
    _add_unknown(board)
    return board.document()


def _add_figures(board: Board) -> None:
    bad_from_one = ((None, GOOD), (1, WARN))
    letters = f"SELECT count(*) AS letters FROM dead_letter WHERE {_WAITING}"  # noqa: S608
    figures = [
        ("Dead letters waiting", letters, bad_from_one,
         "Refused messages that were neither replayed nor dropped."),
        ("Unclaimed devices", "SELECT count(*) AS devices FROM unclaimed_device", bad_from_one, ""),
        ("Unknown channels", "SELECT count(DISTINCT channel) AS channels FROM unknown_channel", bad_from_one,
         "Names that devices send and the catalogue does not have; their readings are counted."),
        ("Outbox", "SELECT count(*) AS records FROM outbox", ((None, GOOD), (1000, WARN), (10_000, BAD)),
         "Records written with their decision and not yet on the log. It should hover near 0."),
        ("Timers overdue",
         "SELECT count(*) AS timers FROM timer WHERE done_at IS NULL "
         "AND due_at < $__timeTo()::timestamptz - interval '5 minutes'", ((None, GOOD), (1, BAD)),
         "Due for more than five minutes: the work process does not run."),
        ("Commands on their way",
         "SELECT count(*) AS commands FROM command WHERE state IN ('queued', 'sent')", ((None, GOOD),), ""),
    ]  # fmt: skip
    for title, sql, steps, description in figures:
        board.add(stat_panel(title, sql, steps=steps), 4, 4, description)


def _add_stages(board: Board) -> None:
    board.add(
        table_panel(
            "Counts by stage and outcome",
            """
            SELECT stage, outcome, count,
                count::double precision / nullif(sum(count) OVER (PARTITION BY stage), 0) AS share
            FROM stage_count ORDER BY stage, count DESC, outcome
            """,
        ),
        12,
        9,
        "Added up in the same transaction as the work they count, since the database was made.",
    )
    board.add(
        table_panel(
            "Consumer offsets",
            """
            SELECT consumer, topic, count(*) AS partitions, sum(next_offset)::bigint AS records,
                min(next_offset) AS "lowest offset", max(next_offset) AS "highest offset"
            FROM log_offset GROUP BY 1, 2 ORDER BY 1, 2
            """,
        ),
        12,
        9,
        "How far each consumer has come. They stand in the database, beside the rows they account for.",
    )
    board.add(
        bars_panel(
            "Values that two messages disagree on",
            """
            SELECT type || '.' || channel AS channel, count(*) AS conflicts FROM telemetry_conflict
            WHERE $__timeFilter(recorded_at) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20
            """,
        ),
        12,
        8,
        "The later message won; the value it replaced is kept in telemetry_conflict.",
    )
    board.add(
        table_panel(
            "Receipts held up by a gap",
            """
            SELECT device_id AS device, boot, through AS "stored through",
                cardinality(ahead) AS "stored beyond"
            FROM receipt WHERE cardinality(ahead) > 0
            ORDER BY cardinality(ahead) DESC, device_id LIMIT 100
            """,
        ),
        12,
        8,
        "Devices whose messages arrived with one missing: they are told only up to the gap, and send again.",
    )


def _add_refused(board: Board) -> None:
    board.add(
        series_panel(
            "Dead letters by reason",
            [
                """
                SELECT $__timeGroupAlias(received_at,$__interval), reason AS metric, count(*) AS letters
                FROM dead_letter WHERE $__timeFilter(received_at) GROUP BY 1, 2 ORDER BY 1, 2
                """
            ],
            bars=True,
            stacked=True,
            low=0,
        ),
        14,
        8,
    )
    board.add(
        table_panel(
            "By reason",
            f"""
            SELECT reason, count(*) AS letters, count(*) FILTER (WHERE {_WAITING}) AS waiting,
                count(DISTINCT device_id) AS devices, max(received_at) AS latest
            FROM dead_letter WHERE $__timeFilter(received_at) GROUP BY 1 ORDER BY 2 DESC, 1
            """,  # noqa: S608 - constants of this package
        ),
        10,
        8,
    )
    board.add(
        table_panel(
            "Latest dead letters",
            """
            SELECT received_at AS received, reason, device_id AS device, source, detail, length AS bytes, id
            FROM dead_letter WHERE $__timeFilter(received_at) ORDER BY received_at DESC, id LIMIT 100
            """,
        ),
        24,
        9,
        "Show one: zerodistance dead-letters show ID. Once the cause is mended: … replay.",
    )


def _add_unknown(board: Board) -> None:
    board.add(
        table_panel(
            "Unknown channels",
            """
            SELECT channel, sum(readings)::bigint AS readings, count(*) AS devices,
                (array_agg(last_value ORDER BY last_seen_at DESC NULLS LAST))[1] AS "last value",
                max(last_seen_at) AS "last seen"
            FROM unknown_channel GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 100
            """,
        ),
        12,
        8,
        "Add the channel to the type's catalogue file, run migrate, and it is stored from then on.",
    )
    board.add(
        table_panel(
            "Unclaimed devices",
            """
            SELECT id AS device, guessed_type AS "looks like", messages, first_seen_at AS "first seen",
                last_seen_at AS "last seen", left(sample, 200) AS sample
            FROM unclaimed_device ORDER BY last_seen_at DESC, id LIMIT 100
            """,
        ),
        12,
        8,
        "Claim one: zerodistance devices claim ID --type TYPE. Its dead letters are replayed then.",
    )
