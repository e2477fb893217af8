"""The whole loop in the production shape: real Mosquitto, real Kafka, every process on its own.

Scenario F1 from both ends: a door left open ends without a visit, a failed compressor with one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simulators.people import Json, People, ServiceApi, SimulatedWorld
from tests.loop.shape import ENGINEER, TOKEN, Shape
from zerodistance.catalogue import load_catalogue
from zerodistance.clock import ScaledClock

FLEET = """
seed = 7
[[group]]
type = "refrigerator"
prefix = "fridge-"
count = 6
[[group]]
type = "air_conditioner"
prefix = "ac-"
count = 2
"""
SPEED = 600.0


@pytest.fixture
def shape(tmp_path: Path, kafka_address: str, empty_database: str, mosquitto: Any) -> Iterator[Shape]:
    now = datetime.now(UTC)
    clock = ScaledClock(now.replace(hour=8, minute=0), SPEED, now)
    running = Shape(tmp_path, log=kafka_address, database=empty_database, mqtt=mosquitto.url, clock=clock)
    running.prepare()
    yield running
    running.stop()


def test_a_door_and_a_compressor_end_differently(shape: Shape, tmp_path: Path) -> None:
    fleet = tmp_path / "fleet.toml"
    fleet.write_text(FLEET)
    shape.start()
    shape.supervisor.start(
        "fleet", "simulate", "--fleet", str(fleet), "--register", "--history-days", "14",
        "--state", str(tmp_path / "fleet.state"),
    )  # fmt: skip
    said_online = "SELECT count(DISTINCT device_id) FROM device_event WHERE code = 'online'"
    shape.wait_until(lambda: shape.query(said_online) == [(8,)], "every appliance live", 120)

    api = ServiceApi(shape.api_url, TOKEN)
    world = SimulatedWorld(shape.mqtt)
    people = People(api, world, load_catalogue(), shape.clock, ENGINEER)
    world.start("fridge-01", "door_ajar")
    world.start("fridge-02", "compressor_failed")
    closed: dict[str, Json] = {}

    def both_closed() -> bool:
        people.step()
        time.sleep(0.2)
        for ticket in api.tickets("closed"):
            closed.setdefault(ticket["device"]["id"], ticket)
        return {"fridge-01", "fridge-02"} <= set(closed)

    try:
        shape.wait_until(both_closed, "both tickets closed", 180)
    finally:
        world.close()
        api.close()

    door, compressor = closed["fridge-01"], closed["fridge-02"]
    assert (door["cause"], door["outcome"], door["visit_avoided"]) == ("door_ajar", "owner_fixed", True)
    assert "on_site" not in _states(door)
    assert (compressor["cause"], compressor["outcome"]) == ("compressor_failed", "confirmed")
    assert _states(compressor)[0] == "owner_asked"
    assert {"on_site", "planned", "visiting", "resolved", "verified"} <= set(_states(compressor))
    for ticket in (door, compressor):
        told = {message["audience"]: message["sent_at"] for message in ticket["messages"][:2]}
        assert set(told) == {"owner", "engineer"}
        assert all(told.values())
        assert ticket["evidence"], "an alert says why"
    assert {ticket["device"]["id"] for ticket in closed.values()} == {"fridge-01", "fridge-02"}


def _states(ticket: Json) -> list[str]:
    return [entry["to_state"] for entry in ticket["history"]]
