"""A fleet live on a real broker, with a platform that gives receipts; histories on a real log."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from simulators.delivery import Delivery
from simulators.fleet import load_fleet
from simulators.recording import Row
from simulators.replay import replay
from simulators.running import RunOptions, run_fleet
from zerodistance.broker import parse_address
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ScaledClock, SystemClock
from zerodistance.errors import SettingsError, UnavailableError
from zerodistance.log import open_log
from zerodistance.messages import TELEMETRY, Sample, decode_samples
from zerodistance.settings import Settings

FLEET = """
name = "trial"
seed = 5
climate = "tropical"
step_s = 60
lost = 0.0
[[group]]
type = "refrigerator"
count = 3
prefix = "f-"
"""

DEVICES = ("f-01", "f-02", "f-03")


class Platform:
    """Listens like ingest, and gives receipts like the store while ``gives_receipts`` is set."""

    def __init__(self, port: int) -> None:
        self.seen: Counter[tuple[str, int, int]] = Counter()
        self.heard: list[tuple[str, Any]] = []
        self.gives_receipts = True
        self._through: dict[tuple[str, int], int] = {}
        self._ahead: dict[tuple[str, int], set[int]] = {}
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="platform", clean_session=False)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = self._connected
        self.client.on_message = self._message
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _connected(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe([("zd/v1/+/+", 1), ("zdsim/v1/+/truth", 1)])

    def _message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        _, _, device, channel = message.topic.split("/")
        if channel in ("stored", "command"):
            return
        document = json.loads(message.payload)
        if channel != "telemetry":
            self.heard.append((f"{device}/{channel}", document))
            return
        for sample in document if isinstance(document, list) else [document]:
            key = (device, sample["boot"])
            self.seen[(*key, sample["seq"])] += 1
            ahead = self._ahead.setdefault(key, set())
            ahead.add(sample["seq"])
            through = max(self._through.get(key, 0), sample["oldest"] - 1)
            while through + 1 in ahead:
                through += 1
            self._through[key] = through
            if self.gives_receipts:
                receipt = json.dumps({"boot": sample["boot"], "through": through})
                client.publish(f"zd/v1/{device}/stored", receipt, qos=1)

    def last(self, topic: str) -> Any:
        return next((document for where, document in reversed(self.heard) if where == topic), None)

    def say(self, topic: str, **document: Any) -> None:
        self.client.publish(topic, json.dumps(document), qos=1)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Fleet:
    """A fleet that runs in a thread; ``figures`` after :meth:`stop`."""

    def __init__(
        self, settings: Settings, catalogue: Catalogue, options: RunOptions, text: str = FLEET
    ) -> None:
        self.stages: list[tuple[str, dict[str, Any]]] = []
        self.figures: dict[str, Any] = {}
        self.error: Exception | None = None
        self._stop = threading.Event()
        plan = load_fleet(text, catalogue)

        def work() -> None:
            try:
                self.figures = run_fleet(settings, plan, catalogue, options, self._stop, self._note)
            except Exception as error:
                self.error = error

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    def _note(self, stage: str, figures: dict[str, Any]) -> None:
        self.stages.append((stage, dict(figures)))

    def reached(self, stage: str) -> dict[str, Any] | None:
        return next((figures for name, figures in self.stages if name == stage), None)

    def stop(self) -> dict[str, Any]:
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error
        return self.figures


def until(condition: Callable[[], Any], what: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def settings_for(
    tmp_path: Path, broker: Any, rate: float = 1200.0, start: datetime | None = None
) -> Settings:
    clock = ScaledClock(start or datetime(2026, 3, 1, 9, tzinfo=UTC), rate, datetime.now(UTC))
    return Settings(
        data_dir=tmp_path,
        clock=clock.setting(),
        mqtt=broker.url,
        log=f"sqlite:///{tmp_path / 'log.sqlite'}",
        log_partitions=4,
        database="postgresql://nobody@127.0.0.1:1/none",
    )


@pytest.fixture
def platform(mosquitto: Any) -> Iterator[Platform]:
    listening = Platform(mosquitto.port)
    yield listening
    listening.close()


@pytest.mark.mosquitto
def test_samples_are_kept_until_receipted_over_an_outage(
    tmp_path: Path, mosquitto: Any, platform: Platform, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.running.Delivery", partial(Delivery, timeout_s=4.0))  # not 20 s
    fleet = Fleet(settings_for(tmp_path, mosquitto), catalogue, RunOptions(state=tmp_path / "state"))
    until(lambda: len(platform.seen) > 60, "samples")
    mosquitto.kill()
    before = max(seq for _, _, seq in platform.seen)
    until(lambda: fleet.reached("live"), "live")
    time_lost = time.monotonic() + 1.5
    until(lambda: time.monotonic() > time_lost, "an outage", 5)
    mosquitto.start()
    until(lambda: max(seq for _, _, seq in platform.seen) > before + 60, "samples after the outage")

    def none_missing() -> bool:
        by_device = [{seq for who, _, seq in list(platform.seen) if who == device} for device in DEVICES]
        return all(numbers == set(range(1, max(numbers) + 1)) for numbers in by_device)

    # What was sent before the listener was back is owed, and comes again after the receipt's time is over.
    until(none_missing, "every sample, without a gap", 60)
    figures = fleet.stop()
    assert figures["given_up"] == 0
    assert figures["reconnections"] >= 3
    until(lambda: (platform.last("f-01/status") or {}).get("online") is False, "the goodbye")


@pytest.mark.mosquitto
def test_without_receipts_samples_are_sent_again_and_owed_after_a_restart(
    tmp_path: Path, mosquitto: Any, platform: Platform, catalogue: Catalogue
) -> None:
    platform.gives_receipts = False
    options = RunOptions(state=tmp_path / "state", truth=tmp_path / "truth.jsonl")
    settings = settings_for(tmp_path, mosquitto)
    fleet = Fleet(settings, catalogue, options)
    until(lambda: len(platform.seen) > 100, "samples")
    first = fleet.stop()
    assert first["kept"] == first["samples"] > 90
    platform.gives_receipts = True
    fleet = Fleet(settings, catalogue, options)
    until(lambda: fleet.reached("resumed"), "the resumption")
    resumed = fleet.reached("resumed")
    assert resumed is not None
    assert resumed["owed"] == first["kept"]
    until(lambda: len({boot for _, boot, _ in platform.seen}) == 2, "the next boot")
    until(lambda: len(platform.seen) > 200, "more samples")
    second = fleet.stop()
    assert second["settled"] >= first["kept"]
    boots = sorted({boot for _, boot, _ in platform.seen})
    assert boots[1] == boots[0] + 1


@pytest.mark.mosquitto
def test_commands_faults_events_and_the_last_will(
    tmp_path: Path, mosquitto: Any, platform: Platform, catalogue: Catalogue
) -> None:
    fleet = Fleet(settings_for(tmp_path, mosquitto), catalogue, RunOptions(truth=tmp_path / "truth.jsonl"))
    until(
        lambda: platform.last("f-02/status") == {"online": True, "firmware": "sim-1.0", "ts": _any()},
        "online",
    )
    platform.say("zdsim/v1/f-02/fault", fault="door_ajar", action="start")
    until(lambda: platform.last("f-02/truth") == ["door_ajar"], "the truth")
    until(lambda: "DoorAlarm" in (platform.last("f-02/fault") or {"code": ""})["code"], "the door alarm")
    platform.say("zdsim/v1/f-02/fault", action="clear")
    until(lambda: platform.last("f-02/truth") == [], "the cure")
    until(lambda: platform.last("f-02/fault")["active"] is False, "the end of the alarm")
    platform.say("zdsim/v1/f-02/fault", fault="nonsense", action="start")
    platform.client.publish("zdsim/v1/f-02/fault", b"\xff rubbish", qos=1)
    platform.client.publish("zd/v1/f-02/stored", b"rubbish", qos=1)
    platform.client.publish("zd/v1/f-02/command", b"rubbish", qos=1)
    platform.say(
        "zd/v1/f-01/command",
        id="c1",
        name="set_temperature",
        arguments={"set_point": 6},
        expires="2030-01-01T00:00:00Z",
    )
    until(lambda: (platform.last("f-01/reply") or {}).get("id") == "c1", "the reply")
    assert platform.last("f-01/reply")["outcome"] == "done"
    until(lambda: any(where.endswith("/event") for where, _ in platform.heard), "an event")
    figures = fleet.stop()
    assert figures["commands"] == 1
    lines = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert lines[-1]["fault"] == "door_ajar"
    assert lines[-1]["cleared"]


@pytest.mark.mosquitto
def test_history_joins_the_live_part_without_a_gap_and_is_written_once(
    tmp_path: Path, mosquitto: Any, platform: Platform, catalogue: Catalogue
) -> None:
    settings = settings_for(tmp_path, mosquitto)
    fleet = Fleet(settings, catalogue, RunOptions(history_days=1))
    until(lambda: len(platform.seen) > 60, "live samples")
    fleet.stop()
    history = _logged(settings)
    assert len(history) > 3 * 1430
    for device in ("f-01", "f-02", "f-03"):
        mine = [sample for sample in history if sample.device == device]
        assert [sample.seq for sample in mine] == list(range(1, len(mine) + 1))
        gaps = {round((b.time_us - a.time_us) / 1e6) for a, b in pairwise(mine)}
        assert gaps <= {59, 60, 61}
        live = [seq for who, boot, seq in platform.seen if who == device and boot == mine[0].boot]
        assert min(live) == len(mine) + 1
        energy = [sample.values["energy"] for sample in mine]
        assert all(a <= b for a, b in pairwise(energy) if a and b)
    fleet = Fleet(settings, catalogue, RunOptions(history_days=1))
    until(lambda: fleet.reached("live"), "the second start")
    fleet.stop()
    assert fleet.reached("history_skipped") is not None
    assert len(_logged(settings)) == len(history)


@pytest.mark.mosquitto
def test_a_recorded_series_is_published_and_receipted(mosquitto: Any, platform: Platform) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [Row(first + timedelta(hours=n), {"room_temperature": 20 + n / 100}) for n in range(1000)]
    told: list[tuple[int, int]] = []

    def play(wait_s: float) -> Any:
        return replay(
            rows, "room-1", parse_address(mosquitto.url), SystemClock(),
            speed=3.6e6, wait_s=wait_s, stop=threading.Event(), on_progress=lambda a, b: told.append((a, b)),
        )  # fmt: skip

    outcome = play(10.0)
    assert (outcome.published, outcome.stored, outcome.unstored) == (1000, 1000, 0)
    assert outcome.seconds >= 0.99  # 999 recorded hours, 1,000 hours a second
    assert told[-1] == (1000, 1000)
    platform.gives_receipts = False
    outcome = play(0.2)
    assert (outcome.published, outcome.stored, outcome.unstored) == (1000, 0, 1000)


def test_a_broker_that_is_not_there_is_one_clear_sentence(tmp_path: Path, catalogue: Catalogue) -> None:
    class Nowhere:
        url = "mqtt://127.0.0.1:1"

    fleet = Fleet(settings_for(tmp_path, Nowhere()), catalogue, RunOptions())
    until(lambda: fleet.error is not None, "the error")
    with pytest.raises(UnavailableError, match="does not answer"):
        fleet.stop()
    for url in ("http://x", "mqtt://", "mqtt://host:port"):
        with pytest.raises(SettingsError, match="ZD_MQTT"):
            parse_address(url)
    broker = parse_address("mqtt://user:p%40ss@host")
    assert (broker.host, broker.port, broker.user, broker.password) == ("host", 1883, "user", "p@ss")


def _logged(settings: Settings) -> list[Sample]:
    log = open_log(settings.log_address())
    consumer = log.consumer(f"reader-{time.monotonic_ns()}", [TELEMETRY])
    try:
        samples: list[Sample] = []
        end = sum(log.end_offsets(TELEMETRY).values())
        records = 0
        deadline = time.monotonic() + 30
        while records < end and time.monotonic() < deadline:
            for record in consumer.poll(0.5):
                records += 1
                samples += decode_samples(record.value)
        return sorted(samples, key=lambda sample: (sample.device, sample.time_us))
    finally:
        consumer.close()
        log.close()


def _any() -> Any:
    class Anything:
        def __eq__(self, _other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    return Anything()
