"""Outcomes → training → shadow → comparison → promotion → findings → rollback, on a real log and database."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from models.plan import make_plan
from stream import shadow
from stream.diagnose import CONSUMER, TOPICS, DiagnosisHandler
from stream.loop import CheckpointLoop
from tests.fixtures.processes import wait_until
from tests.learning.incidents import make
from zerodistance.catalogue import Catalogue
from zerodistance.cli.models import app
from zerodistance.clock import ManualClock, from_us
from zerodistance.errors import ConflictError, SettingsError, ZeroDistanceError
from zerodistance.log.interface import Log
from zerodistance.messages import (
    EVENTS,
    LOG_TOPICS,
    DeviceEvent,
    Finding,
    decode_finding,
    encode_event,
    partition_of,
)
from zerodistance.store import registry
from zerodistance.store.database import Pool
from zerodistance.store.devices import register_device

TYPE = "refrigerator"
START_US = 1_780_000_000_000_000
# What the appliance says, what its catalogue takes it for, and what is found behind it in these homes.
FAN_CODE, HEATER_CODE = "Er CF", "Er dH"
FOUND = {FAN_CODE: "compressor_failed", HEATER_CODE: "defrost_heater_open"}


class World:
    """Refrigerators that raise fault codes, a diagnosis that reads them, people who close tickets."""

    def __init__(self, log: Log, pool: Pool) -> None:
        self.log, self.pool = log, pool
        self.count = 0
        log.create_topics(LOG_TOPICS, 2)

    def break_down(self, code: str, devices: int) -> list[str]:
        """Let new refrigerators raise a code; return their names."""
        names = [f"fridge-{self.count + number}" for number in range(devices)]
        self.count += devices
        with self.pool.connection() as conn:
            for name in names:
                register_device(conn, name, TYPE)
        producer = self.log.producer()
        for name in names:
            event = DeviceEvent(f"e-{name}", 1, name, TYPE, "fault", code, START_US, START_US, active=True)
            producer.send(EVENTS, encode_event(event), partition=partition_of(name, 2))
        producer.flush()
        producer.close()
        return names

    def findings(self) -> dict[str, Finding]:
        """Return the findings concluded so far by device."""
        with self.pool.connection() as conn:
            rows = conn.execute("SELECT payload FROM outbox ORDER BY id").fetchall()
        found = [decode_finding(bytes(payload)) for (payload,) in rows]
        return {one.device: one for one in found}

    def diagnosed(self, names: list[str]) -> dict[str, Finding]:
        """Wait until all of them have a finding; return the findings."""
        wait_until(lambda: set(names) <= set(self.findings()), timeout_s=90, what="findings")
        return {name: one for name, one in self.findings().items() if name in names}

    def close_tickets(self, names: list[str], outcome: str, cause: str) -> None:
        """Let somebody have looked: a closed ticket for each."""
        found = self.diagnosed(names)
        now = from_us(START_US + 3_600_000_000)
        with self.pool.connection() as conn:
            for name, one in found.items():
                conn.execute(
                    "INSERT INTO finding (id, tenant_id, device_id, revision, state, cause, onset_at, time,"
                    " body) VALUES (%s, 1, %s, 1, 'open', %s, %s, %s, '{}')",
                    (one.id, name, one.cause, now, now),
                )
                conn.execute(
                    "INSERT INTO ticket (id, tenant_id, device_id, state, origin, finding_id, cause,"
                    " probability, urgency, onset_at, opened_at, closed_at, outcome, outcome_cause)"
                    " VALUES (%s, 1, %s, 'closed', 'detected', %s, %s, %s, 'soon', %s, %s, %s, %s, %s)",
                    (
                        *(f"ticket-{name}", name, one.id, one.cause, one.probability, now, now, now),
                        *(outcome, cause),
                    ),
                )

    def until(self, what: str, condition: Callable[[Finding], bool]) -> Finding:
        """Let refrigerators break down one by one until a finding is as it should be."""
        seen: list[Finding] = []

        def look() -> bool:
            (name,) = self.break_down(FAN_CODE, 1)
            seen.append(self.diagnosed([name])[name])
            return condition(seen[-1])

        wait_until(look, timeout_s=90, what=what)
        return seen[-1]

    def opinions(self, names: list[str]) -> list[tuple[Any, ...]]:
        with self.pool.connection() as conn:
            return conn.execute(
                "SELECT champion, champion_says->>'cause', challenger, challenger_says->>'cause', cause"
                " FROM diagnosis_opinion WHERE device_id = ANY(%s)",
                (names,),
            ).fetchall()


@contextmanager
def _diagnosing(log: Log, pool: Pool, catalogue: Catalogue) -> Iterator[None]:
    stop = threading.Event()
    handler = DiagnosisHandler(catalogue, ManualClock())
    loop = CheckpointLoop(log, pool, CONSUMER, list(TOPICS), handler, stop=stop)
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def command(
    database: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Any] | ZeroDistanceError]:
    """Run `zerodistance models …` on the test's database; gives its JSON, or the error that it ended with."""
    monkeypatch.setenv("ZD_DATABASE", database)
    monkeypatch.setenv("ZD_DATA_DIR", str(tmp_path))

    def run(*arguments: str) -> dict[str, Any] | ZeroDistanceError:
        result = CliRunner().invoke(app, [*arguments, "--json"])
        if isinstance(result.exception, ZeroDistanceError):
            return result.exception
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return json.loads(result.stdout)  # type: ignore[no-any-return]

    return run


def test_outcomes_become_a_champion_and_it_is_rolled_back(
    sqlite_log: Log,
    pool: Pool,
    catalogue: Catalogue,
    command: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shadow, "REFRESH_S", 0.05)
    world = World(sqlite_log, pool)
    with _diagnosing(sqlite_log, pool, catalogue):
        # the first day: the signatures speak, and the evidence is kept
        fans, heaters = world.break_down(FAN_CODE, 12), world.break_down(HEATER_CODE, 12)
        assert {one.cause for one in world.diagnosed(fans).values()} == {"condenser_fan_stopped"}
        assert {one.model.split("-")[0] for one in world.diagnosed(fans).values()} == {"signatures"}
        assert command("train", TYPE).code == "too_few_labels"
        world.close_tickets(fans, "other_fault", FOUND[FAN_CODE])
        world.close_tickets(heaters, "confirmed", FOUND[HEATER_CODE])

        trained = command("train", TYPE, "--by", "kim", "--reason", "first outcomes")["trained"][0]
        assert (trained["version"], trained["stage"]) == ("refrigerator-1", "challenger")
        assert trained["metrics"]["learned"]["wrong_rate"][0] == 0.0
        assert trained["metrics"]["signatures"]["wrong_rate"][0] == 0.5
        card = command("card", "refrigerator-1")
        assert card["data"]["outcomes"] == {
            "confirmed": {"defrost_heater_open": 12},
            "other_fault": {"compressor_failed": 12},
        }
        assert {line["ticket"] for line in card["lineage"]} == {f"ticket-{name}" for name in fans + heaters}
        again = command("train", TYPE, "--if-new", "1")["trained"][0]
        assert again["version"] is None, "nothing was closed since: nothing is trained"

        # in the shadow: it speaks, and nothing comes of it
        world.until("the challenger to speak", lambda one: world.opinions([one.device])[0][2] is not None)
        fans = world.break_down(FAN_CODE, 30)
        assert {one.cause for one in world.diagnosed(fans).values()} == {"condenser_fan_stopped"}
        ((champion, said, challenger, theirs, told),) = set(world.opinions(fans))
        assert champion.startswith("signatures-")
        assert (said, challenger, theirs, told) == (
            *("condenser_fan_stopped", "refrigerator-1", "compressor_failed"),
            "condenser_fan_stopped",
        )
        # what it learned from does not judge it, and nobody has closed the others yet
        assert command("compare", TYPE)["verdict"] == "too few tickets"
        assert command("compare", TYPE)["tickets"] == 0
        refused = command("promote", "refrigerator-1", "--reason", "impatience")
        assert (refused.code, refused.exit_code) == ("not_proven", 8)

        world.close_tickets(fans, "confirmed", FOUND[FAN_CODE])
        compared = command("compare", TYPE)
        assert (compared["verdict"], compared["tickets"]) == ("better", 30)
        assert compared["right"] == {"champion": 0, "challenger": 30}

        # promoted: the running diagnosis takes it over, its findings carry it
        promoted = command("promote", "refrigerator-1", "--by", "kim", "--reason", "30 of 30 right")
        assert (promoted["champion"], promoted["before"]) == ("refrigerator-1", "signatures")
        one = world.until("the new champion", lambda one: one.model == "refrigerator-1")
        assert one.cause == "compressor_failed"
        assert world.opinions([one.device])[0][:2] == ("refrigerator-1", "compressor_failed")
        assert command("promote", "refrigerator-1", "--reason", "twice").code == "conflict"

        # and back, in one command
        back = command("rollback", TYPE, "--by", "lee", "--reason", "the wrong part was ordered")
        assert (back["champion"], back["rolled_back"]) == ("signatures", "refrigerator-1")
        one = world.until("the signatures", lambda one: one.model.startswith("signatures-"))
        assert one.cause == "condenser_fan_stopped"
    history = command("list", "--history")["history"]
    assert [(h["version"], h["from"], h["to"], h["actor"]) for h in history] == [
        ("refrigerator-1", None, "challenger", "kim"),
        ("signatures", "champion", "retired", "kim"),
        ("refrigerator-1", "challenger", "champion", "kim"),
        ("refrigerator-1", "champion", "retired", "lee"),
        ("signatures", "retired", "champion", "lee"),
    ]
    assert history[-1]["reason"] == "the wrong part was ordered"
    assert command("rollback", TYPE, "--reason", "once more").code == "conflict"


def _add(pool: Pool, data: bytes = b"", *, digest: str = "", number: int = 0) -> str:
    with pool.connection() as conn:
        return registry.add(
            conn,
            type_=TYPE,
            number=number or registry.next_number(conn, TYPE),
            created_at=from_us(START_US),
            created_by="kim",
            reason="a test",
            data_sha256="0" * 64,
            card={"model": {}, "data": {"incidents": 0, "tickets": 0}},
            file=data,
            file_sha256=digest,
            labels=[],
        )


def test_rollbacks_go_back_step_by_step(pool: Pool) -> None:
    now = from_us(START_US)
    for _ in range(3):
        name = _add(pool)
        with pool.connection() as conn:
            registry.promote(conn, name, now, "kim", "because", {})
    with pool.connection() as conn:
        assert registry.rollback(conn, TYPE, now, "kim", "a") == ("refrigerator-3", "refrigerator-2")
        assert registry.rollback(conn, TYPE, now, "kim", "b") == ("refrigerator-2", "refrigerator-1")
        registry.promote(conn, "refrigerator-3", now, "kim", "after all", {})
        assert registry.rollback(conn, TYPE, now, "kim", "c") == ("refrigerator-3", "refrigerator-1")
        assert registry.rollback(conn, TYPE, now, "kim", "d") == ("refrigerator-1", None)
        with pytest.raises(ConflictError):
            registry.rollback(conn, TYPE, now, "kim", "e")
        assert {one.stage for one in registry.versions(conn)} == {"retired"}


def test_a_new_challenger_retires_the_one_before(pool: Pool) -> None:
    assert [_add(pool), _add(pool)] == ["refrigerator-1", "refrigerator-2"]
    with pool.connection() as conn:
        assert [one.stage for one in registry.versions(conn, TYPE)] == ["retired", "challenger"]
        assert registry.history(conn)[1].reason == "refrigerator-2 follows it"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE model_version SET file = 'x'",
        "UPDATE model_version SET card = '{}'",
        "UPDATE model_promotion SET reason = 'another'",
        "DELETE FROM model_promotion",
        "INSERT INTO model_version SELECT 'refrigerator-9', type, 9, stage, created_at, created_by,"
        " data_sha256, card, file, file_sha256 FROM model_version",  # a second challenger
    ],
)
def test_the_database_refuses_to_rewrite_what_was(pool: Pool, change: str) -> None:
    import psycopg

    _add(pool)
    with pytest.raises(psycopg.Error), pool.connection() as conn:
        conn.execute(change.encode())


def test_a_champion_that_cannot_be_read_leaves_the_word_to_the_signatures(
    pool: Pool, catalogue: Catalogue
) -> None:
    from models.engine import Engine

    _add(pool, b"no model at all", digest="0" * 64)
    engine = Engine(catalogue[TYPE])
    speaking = shadow.Shadow({TYPE: engine})
    with pool.connection() as conn:
        registry.promote(conn, "refrigerator-1", from_us(START_US), "kim", "because", {})
        speaking.refresh(conn)
    assert engine.plan.panel.champion is None
    assert shadow._refused._value.get() == 1


def test_examples_from_files_are_evaluated_without_a_database(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZD_DATABASE", "postgresql://nobody@127.0.0.1:1/none")
    plan = make_plan(catalogue[TYPE])
    file = tmp_path / "examples.jsonl"
    lines = [msgspec.json.encode(one) for one in make(plan, 6, source="simulated")]
    file.write_bytes(b"\n".join(lines))
    arguments = ["evaluate", TYPE, "--examples", str(file), "--without-tickets"]
    printed = CliRunner().invoke(app, arguments)
    assert printed.exit_code == 0, printed.output
    assert "24 incidents" in printed.stdout
    file.write_bytes(lines[0] + b"\n{}")
    broken = CliRunner().invoke(app, arguments)
    assert isinstance(broken.exception, SettingsError)
    assert "line 2" in str(broken.exception)
