"""A plain MQTT client that speaks as Tasmota does, and what stands in the database in the end."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from ingest import service
from models.features import compute_features
from models.intake import Intake
from models.plan import make_plan
from models.state import State
from stream import store
from tests.fixtures.amqtt import AmqttBroker
from tests.fixtures.mosquitto import Mosquitto
from tests.fixtures.processes import wait_until
from tests.ingest.adapters.test_sparkplug import FLOAT, metric, payload
from tests.ingest.live import PARTITIONS, Publisher, Reader, make_topics, running
from zerodistance.broker import parse_address
from zerodistance.catalogue import Catalogue
from zerodistance.cli.devices import app as devices_cli
from zerodistance.clock import to_us
from zerodistance.log import Log
from zerodistance.settings import Settings
from zerodistance.store.database import Pool
from zerodistance.store.devices import register_device

FRIDGE = "tasmota:kitchen-fridge"
CYCLE = 45  # minutes, of which the compressor runs 15


@contextlib.contextmanager
def platform(settings: Settings, *parts: Any) -> Iterator[None]:
    """Run ingest and what else is named until the block ends."""
    stop = threading.Event()
    threads = [threading.Thread(target=part, args=(settings, stop)) for part in (service.run, *parts)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)


def make_settings(url: str, database: str, log: str, **more: Any) -> Settings:
    return Settings(
        mqtt=url, database=database, log=log, log_partitions=PARTITIONS, _env_file=None, **more
    )  # fmt: skip


def rows(pool: Pool, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with pool.connection() as conn:
        return conn.execute(statement.encode(), values).fetchall()


def said(begin: datetime, minute: int) -> dict[str, Any]:
    """Return what the plug says in a minute of its day: power, and the total that follows from it."""
    on = minute % CYCLE < 15
    hours_on = (minute // CYCLE * 15 + min(minute % CYCLE, 15)) / 60
    moment = begin + timedelta(minutes=minute)
    return {
        "Time": moment.isoformat(timespec="seconds"),
        "ENERGY": {"Total": round(100 + hours_on * 0.09, 4), "Power": 90 if on else 2, "Voltage": 230},
    }


@pytest.mark.parametrize(
    ("broker", "hours"),
    [
        pytest.param("mosquitto", 24, marks=pytest.mark.mosquitto, id="mosquitto"),
        pytest.param("amqtt_broker", 3, id="amqtt"),
    ],
)
def test_a_refrigerator_behind_a_tasmota_plug(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    broker: str,
    hours: int,
    database: str,
    pool: Pool,
    sqlite_log: Log,
    sqlite_log_address: str,
    catalogue: Catalogue,
) -> None:
    running: Mosquitto | AmqttBroker = request.getfixturevalue(broker)
    make_topics(sqlite_log)
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours + 1)
    minutes = hours * 60
    settings = make_settings(running.url, database, sqlite_log_address, adapters="tasmota")
    topic = "tele/kitchen-fridge/SENSOR"
    with Publisher(running.url) as plug:
        # what the broker kept from yesterday is no reading
        plug.put(topic, {"Time": begin.isoformat(), "ENERGY": {"Power": 2999}}, retain=True)
        plug.put("tele/kitchen-fridge/LWT", b"Online", retain=True)
        with platform(settings, store.run):
            wait_until(
                lambda: rows(pool, "SELECT FROM unclaimed_device"), timeout_s=40, what="the retained state"
            )
            plug.put("tele/kitchen-fridge/INFO1", {"Info1": {"Module": "Plug", "Version": "13.4.0(tasmota)"}})
            for minute in range(10):
                plug.put(topic, said(begin, minute))
            plug.put(topic, b'{"Time":"2017-01-01T00:00:00","ENERGY":{"Tot')
            waiting = rows(pool, "SELECT id, guessed_type, sample FROM unclaimed_device")
            assert [row[:2] for row in waiting] == [(FRIDGE, "refrigerator")]
            assert "power" in waiting[0][2]
            letters = "SELECT reason, count(*)::int FROM dead_letter GROUP BY reason ORDER BY reason"
            refused = [("malformed_json", 1), ("unknown_device", 10)]
            wait_until(lambda: rows(pool, letters) == refused, timeout_s=40, what="the letters")

            monkeypatch.setenv("ZD_DATABASE", database)
            claimed = CliRunner().invoke(devices_cli, ["claim", FRIDGE, "--type", "refrigerator"])
            assert claimed.exit_code == 0, claimed.output
            count = "SELECT count(*)::int FROM telemetry_refrigerator WHERE device_id = %s"
            wait_until(
                lambda: rows(pool, count, FRIDGE) == [(10,)], timeout_s=40, what="the replayed readings"
            )

            device = "SELECT online, firmware, type FROM device WHERE id = %s"
            known = [(True, "13.4.0(tasmota)", "refrigerator")]

            def is_known() -> bool:
                plug.put(topic, said(begin, 10))  # again and again: it is one reading
                return rows(pool, device, FRIDGE) == known

            wait_until(is_known, timeout_s=40, what="its presence, heard before it had an owner")
            plug.put_many([(topic, said(begin, minute)) for minute in range(11, minutes)])
            wait_until(lambda: rows(pool, count, FRIDGE) == [(minutes,)], timeout_s=60, what="all readings")
            hourly = (
                "SELECT coalesce(sum(n), 0)::int, count(*)::int FROM telemetry_refrigerator_1h"
                " WHERE device_id = %s"
            )
            wait_until(
                lambda: rows(pool, hourly, FRIDGE) == [(minutes, hours)], timeout_s=60, what="the rollups"
            )

    grown, highest = rows(
        pool,
        "SELECT sum(energy_delta), max(power_max) FROM telemetry_refrigerator_1h WHERE device_id = %s",
        FRIDGE,
    )[0]
    last, first = said(begin, minutes - 1), said(begin, 0)
    assert grown == pytest.approx(last["ENERGY"]["Total"] - first["ENERGY"]["Total"], abs=1e-6)
    assert highest == 90  # and not what was retained
    assert rows(pool, "SELECT count(*)::int FROM telemetry_conflict") == [(0,)]
    assert duty(pool, catalogue) == pytest.approx(1 / 3, abs=0.05)


def duty(pool: Pool, catalogue: Catalogue) -> float:
    """Return the median of the models' duty over the stored rows; only power's features are there."""
    plan = make_plan(catalogue["refrigerator"])
    state = State(plan)
    state.add()
    found = rows(
        pool, "SELECT time, power FROM telemetry_refrigerator WHERE device_id = %s ORDER BY time", FRIDGE
    )
    values = np.full((len(found), len(plan.channels)), np.nan, np.float32)
    values[:, list(plan.channels).index("power")] = [row[1] for row in found]
    times = np.array([to_us(row[0]) for row in found], np.int64)
    samples = (np.zeros(len(found), np.int64), times, values, np.zeros(values.shape, np.bool_))
    table, _ = Intake(plan, state).take(np.array([0]), samples)
    assert table is not None
    features, _, _ = compute_features(plan, table)
    there = {name for f, name in enumerate(plan.features) if np.isfinite(features[:, f]).any()}
    assert there == {"duty", "off_time", "running_power", "run_time", "power_mean"}
    return float(np.nanmedian(features[12:, list(plan.features).index("duty")]))


@pytest.mark.mosquitto
def test_of_a_device_that_nobody_adopts_so_much_is_kept_and_the_rest_counted(
    mosquitto: Mosquitto, sqlite_log: Log
) -> None:
    make_topics(sqlite_log)
    reader = Reader(sqlite_log)
    count = service.STRANGERS_PER_HOUR + 30
    with (
        running(mosquitto.url, sqlite_log, adapters="tasmota") as ingest,
        Publisher(mosquitto.url) as plug,
    ):
        plug.put_many([("tele/nobodys/SENSOR", {"ENERGY": {"Power": n}}) for n in range(count)])
        plug.put("tele/nobodys/SENSOR", b"rubbish")  # a refusal of another kind has its own allowance
        wait_until(lambda: len(reader.letters()) > service.STRANGERS_PER_HOUR, what="the letters")
        counted = ingest.tally.drain()
        assert set(ingest.unclaimed) == {"tasmota:nobodys"}
    reasons = [letter.reason for letter in reader.letters()]
    # the hour may end in between
    assert service.STRANGERS_PER_HOUR <= reasons.count("unknown_device") <= count
    assert reasons.count("malformed_json") == 1
    over = counted["ingest", "letters_over_quota"]
    assert over + reasons.count("unknown_device") == count
    reader.close()


@pytest.mark.mosquitto
def test_what_is_learnt_is_subscribed_to_asked_for_and_outlives_a_restart(
    mosquitto: Mosquitto, database: str, pool: Pool, sqlite_log: Log, sqlite_log_address: str
) -> None:
    make_topics(sqlite_log)
    with pool.connection() as conn:
        register_device(conn, "homeassistant:esp-1", "refrigerator")
        register_device(conn, "sparkplug:home:gate:fridge", "refrigerator")
    settings = make_settings(
        mosquitto.url,
        database,
        sqlite_log_address,
        adapters="homeassistant,sparkplug",
        mqtt_client_id="zd-learn",
    )
    asked: list[bytes] = []
    gate = paho.Client(CallbackAPIVersion.VERSION2)
    gate.on_message = lambda _client, _data, message: asked.append(bytes(message.payload))
    address = parse_address(mosquitto.url)
    gate.connect(address.host, address.port)
    gate.subscribe("spBv1.0/home/NCMD/gate", qos=1)
    gate.loop_start()
    config = {"stat_t": "esp/1/watts", "dev_cla": "power", "unit_of_meas": "W", "dev": {"ids": ["esp-1"]}}
    power = "SELECT power FROM telemetry_refrigerator WHERE device_id = %s ORDER BY time"

    def measured(device: str) -> list[float]:
        return [row[0] for row in rows(pool, power, device)]

    try:
        with Publisher(mosquitto.url) as esp:
            esp.put("homeassistant/sensor/esp-1/watts/config", config, retain=True)
            with platform(settings, store.run):

                def arrived() -> bool:
                    esp.put("esp/1/watts", b"81.5")
                    return bool(measured("homeassistant:esp-1"))

                wait_until(arrived, timeout_s=40, what="a reading under a topic that was learnt")
                data = payload(metric(value=70.0, encoded_as=FLOAT, alias=1), seq=5, at=now_ms())
                esp.put("spBv1.0/home/DDATA/gate/fridge", data)
                wait_until(lambda: asked, timeout_s=20, what="the request for a birth")
                assert b"Node Control/Rebirth" in asked[0]
                birth = payload(metric("Power", 71.0, FLOAT, alias=1, unit="W"), seq=6, at=now_ms())
                esp.put("spBv1.0/home/DBIRTH/gate/fridge", birth)
                wait_until(
                    lambda: measured("sparkplug:home:gate:fridge") == [71.0], what="the birth's reading"
                )
                remembered = "SELECT count(*)::int FROM adapter_memory WHERE kind = 'sparkplug.birth'"
                wait_until(lambda: rows(pool, remembered) == [(1,)], what="the birth to be remembered")
            # while ingest is away
            before = len(measured("homeassistant:esp-1"))
            esp.put("esp/1/watts", b"99.0")
            data = payload(metric(value=72.0, encoded_as=FLOAT, alias=1), seq=7, at=now_ms())
            esp.put("spBv1.0/home/DDATA/gate/fridge", data)
            with platform(settings, store.run):
                wait_until(
                    lambda: measured("sparkplug:home:gate:fridge") == [71.0, 72.0],
                    timeout_s=40,
                    what="the alias known",
                )
                wait_until(
                    lambda: 99.0 in measured("homeassistant:esp-1"), timeout_s=40, what="the reading kept"
                )
            assert len(measured("homeassistant:esp-1")) == before + 1
            assert len(asked) == 1
            # without adapters, nothing of it is listened to any more
            with platform(settings.model_copy(update={"adapters": ""}), store.run):
                with pool.connection() as conn:
                    register_device(conn, "plain", "refrigerator")
                for count in (1, 2):
                    esp.put("zd/v1/plain/telemetry", {"ts": now_ms(), "values": {"power": count}})
                    wait_until(lambda: len(measured("plain")) == count, timeout_s=40, what="our own")  # noqa: B023
                    esp.put("esp/1/watts", b"100.0")
        assert len(measured("homeassistant:esp-1")) == before + 1
        reasons = rows(pool, "SELECT DISTINCT reason FROM dead_letter ORDER BY 1")
        assert reasons == [("unknown_metric",)]
    finally:
        gate.disconnect()
        gate.loop_stop()


def now_ms() -> int:
    return to_us(datetime.now(UTC)) // 1000
