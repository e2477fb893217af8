"""The sums of `zerodistance reconcile`: they meet, and a row that is taken away is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.diagnose import DiagnosisHandler
from stream.loop import Handler
from stream.store import StoreHandler
from tests.store.samples import MINUTE_US, START_US, sample
from zerodistance.catalogue import Catalogue
from zerodistance.cli.reconcile import main
from zerodistance.clock import ManualClock, to_us
from zerodistance.errors import NotFoundError, SettingsError
from zerodistance.log import Log, Record, TopicPartition
from zerodistance.messages import (
    DEAD_LETTER,
    LOG_TOPICS,
    TELEMETRY,
    DeadLetter,
    Sample,
    encode_dead_letter,
    encode_samples,
)
from zerodistance.store import devices, offsets
from zerodistance.store.database import Pool
from zerodistance.store.reconcile import check_diagnosis
from zerodistance.store.reconcile_device import complement

NOW = datetime.now(UTC).replace(microsecond=0)
SHIFT_US = to_us(NOW) - START_US - 600 * MINUTE_US

Ask = Callable[..., tuple[int, str]]


def fresh(minute: int, seq: int, **parts: object) -> Sample:
    """A sample of the last ten hours, numbered."""
    made = sample(minute, seq=seq, **parts)
    return msgspec.structs.replace(
        made, time_us=made.time_us + SHIFT_US, received_us=made.received_us + SHIFT_US
    )


@pytest.fixture
def stored(
    sqlite_log: Log,
    sqlite_log_address: str,
    pool: Pool,
    database: str,
    catalogue: Catalogue,
    monkeypatch: pytest.MonkeyPatch,
) -> Pool:
    """Twelve numbers: nine rows, a letter, one that lost to another of its instant, one given up."""
    sqlite_log.create_topics(LOG_TOPICS, 2)
    with pool.connection() as conn:
        devices.register_device(conn, "fridge-1", "refrigerator")
    numbers = [fresh(n, n) for n in range(1, 9)]
    refused = fresh(9, 9, refused=True, values={})
    again = fresh(8, 10, values={"power": 1.0})  # of the instant of number 8, and of another opinion
    jumped = fresh(12, 12, oldest=12)
    raw = b'{"ts":"never","boot":1,"seq":9}'
    letter = DeadLetter(
        id="letter-1",
        reason="bad_time",
        detail="",
        source="zd/v1/fridge-1/telemetry",
        device="fridge-1",
        received_us=to_us(NOW),
        raw=raw,
        length=len(raw),
        sha256="0" * 64,
    )
    batches = [
        (TELEMETRY, encode_samples(batch)) for batch in (numbers[:5], numbers[3:], [refused, again], [jumped])
    ]
    batches.append((DEAD_LETTER, encode_dead_letter(letter)))
    producer = sqlite_log.producer()
    records = []
    for topic, value in batches:
        producer.send(topic, value, partition=0)
        place = sum(record.topic == topic for record in records)
        records.append(Record(topic, 0, place, None, value, to_us(NOW)))
    producer.close()
    handlers: dict[str, Handler] = {
        "store": StoreHandler(catalogue, lambda _: None),
        "diagnose": DiagnosisHandler(catalogue, ManualClock(NOW)),
    }
    for consumer, handler in handlers.items():
        for record in records:
            if consumer == "diagnose" and record.topic == DEAD_LETTER:
                continue
            where = TopicPartition(record.topic, 0)
            with pool.connection() as conn:
                offsets.advance(conn, consumer, {where: (record.offset, record.offset + 1)})
                handler.process([record])
                handler.checkpoint(conn)
    monkeypatch.setenv("ZD_DATABASE", database)
    monkeypatch.setenv("ZD_LOG", sqlite_log_address)
    return pool


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run the command; gives its exit code and what it printed."""

    def asked(device: str | None = None, since: str | None = None, as_json: bool = True) -> tuple[int, str]:
        code = 0
        try:
            main(device, since, as_json)
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, capsys.readouterr().out

    return asked


def test_sums_meet_and_a_row_that_is_taken_away_is_noticed(stored: Pool, ask: Ask) -> None:
    code, text = ask(as_json=False)
    assert (code, "The sums meet." in text) == (0, True), text
    code, text = ask()
    report = json.loads(text)
    assert (code, report["ok"]) == (0, True)
    assert report["stages"]["store"]["samples_in"] == 13
    assert report["stages"]["diagnose"]["in"] == 13
    assert report["log"][TELEMETRY] == {"records": 4, "waiting for diagnose": 0, "waiting for store": 0}
    assert report["tables"]["telemetry rows"] == 9

    code, text = ask("fridge-1")
    one = json.loads(text)
    assert (code, one["rows"], one["problems"]) == (0, 9, []), text
    (boot,) = one["boots"]
    assert (boot["through"], boot["letters"], boot["elsewhere"], boot["given_up"]) == (12, 1, 1, 1)
    assert boot["missing"] == [[11, 11]]
    assert "The sums meet." in ask("fridge-1", as_json=False)[1]

    with stored.connection() as conn:
        conn.execute("DELETE FROM telemetry_refrigerator WHERE seq = 4")
    code, text = ask(as_json=False)
    assert code == 1
    assert "1 is missing" in text.replace("\n", " ")
    code, text = ask("fridge-1", as_json=False)
    assert code == 1
    assert "4, 11" in text

    tomorrow = (NOW + timedelta(days=1)).date().isoformat()
    assert ask(since=tomorrow)[0] == 0
    assert ask(since="2020-01-01")[0] == 1
    assert ask("fridge-1", tomorrow)[0] == 0
    with pytest.raises(SettingsError, match="2026-03-01"):
        ask(since="yesterday")
    with pytest.raises(NotFoundError, match="nobody"):
        ask("nobody")


def test_each_sum_is_looked_at(stored: Pool, ask: Ask) -> None:
    more, less = (
        f"UPDATE stage_count SET count = count {sign} 1 WHERE outcome = 'samples_in'" for sign in "+-"
    )
    cases = [
        (more, "says what became of", less),
        (
            "UPDATE log_offset SET next_offset = 99 WHERE topic = 'zd.dead-letter'",
            "the log was replaced",
            "UPDATE log_offset SET next_offset = 1 WHERE topic = 'zd.dead-letter'",
        ),
        (
            "UPDATE stage_count SET count = 3 WHERE (stage, outcome) = ('diagnose', 'in')",
            "Store and diagnosis have read the same",
            "UPDATE stage_count SET count = 13 WHERE (stage, outcome) = ('diagnose', 'in')",
        ),
        *(
            (
                f"INSERT INTO stage_count VALUES ('{stage}', '{outcome}', 2)",
                sentence,
                f"DELETE FROM stage_count WHERE (stage, outcome) = ('{stage}', '{outcome}')",
            )
            for stage, outcome, sentence in (
                ("diagnose", "findings", "2 findings (revisions included); 0"),
                ("before", "parked", "2 parked samples should be there and 0 are."),
                ("before", "events", "2 events should be there and 0 are."),
                ("before", "letters", "3 dead letters should be there and 1 are."),
            )
        ),
        (
            "UPDATE telemetry_count SET rows = rows - 1",
            "nobody counted the others",
            "UPDATE telemetry_count SET rows = rows + 1",
        ),
    ]
    for harm, sentence, undo in cases:
        with stored.connection() as conn:
            conn.execute(harm.encode())
        code, text = ask()
        assert code == 1, harm
        assert any(sentence in problem for problem in json.loads(text)["problems"]), text
        with stored.connection() as conn:
            conn.execute(undo.encode())
    assert ask()[0] == 0


@pytest.mark.parametrize(("store", "diagnose", "compared"), [(7, 7, True), (7, 6, False)])
def test_a_partition_that_one_has_not_begun_and_the_other_begins_at_nought_is_read_equally_far(
    store: int, diagnose: int, compared: bool
) -> None:
    full, empty = TopicPartition(TELEMETRY, 0), TopicPartition(TELEMETRY, 3)
    places = {("store", full): store, ("diagnose", full): diagnose, ("diagnose", empty): 0}
    said = check_diagnosis({"store": {"samples_in": 5}, "diagnose": {"in": 4}}, places)
    assert said.startswith("Store and diagnosis have read the same records" if compared else "Not compared")


def test_without_the_log(stored: Pool, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZD_LOG", "kafka://127.0.0.1:9")
    monkeypatch.setattr("zerodistance.log.kafka._BOOTSTRAP_MS", 200)
    code, text = ask(as_json=False)
    assert code == 0
    assert "Not compared: the log." in text


@given(st.sets(st.integers(-3, 40)), st.integers(1, 10), st.integers(0, 35))
def test_complement_against_sets(numbers: set[int], first: int, last: int) -> None:
    gaps = complement(numbers, first, last)
    assert {n for a, b in gaps for n in range(a, b + 1)} == set(range(first, last + 1)) - numbers
    assert all(a <= b for a, b in gaps)
