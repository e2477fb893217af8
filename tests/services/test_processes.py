"""`zerodistance serve` and `zerodistance work` as processes: live changes, commands over MQTT, stopping."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

import ingest.service
from tests.fixtures.mosquitto import Mosquitto
from tests.fixtures.processes import accepts, die_with_parent, free_port, wait_until
from tests.services.api import TOKEN
from tests.services.world import FRIDGE, World
from zerodistance.log import Log
from zerodistance.messages import LOG_TOPICS, mqtt_topic
from zerodistance.settings import Settings

STAFF = {"Authorization": f"Bearer {TOKEN}"}


@contextmanager
def process(folder: Path, name: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of the platform; ask it to stop at the end, if it has not."""
    with (folder / f"{name}.log").open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", "zerodistance", name],
            env={**os.environ, **environment},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,
        )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.terminate()
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
            raise


@pytest.fixture
def environment(database: str, sqlite_log_address: str, tmp_path: Path) -> dict[str, str]:
    return {
        "ZD_DATABASE": database,
        "ZD_LOG": sqlite_log_address,
        "ZD_DATA_DIR": str(tmp_path),
        "ZD_API_PORT": str(free_port()),
        "ZD_STAFF_TOKEN": TOKEN,
        "ZD_CLOCK": "system",
        "ZD_MQTT": "mqtt://127.0.0.1:9",
    }


@pytest.fixture
def served(environment: dict[str, str], tmp_path: Path, world: World) -> Iterator[subprocess.Popen[bytes]]:
    """Give a running `zerodistance serve` on the world's database."""
    with process(tmp_path, "serve", environment) as started:
        port = int(environment["ZD_API_PORT"])
        wait_until(lambda: accepts(port) or started.poll() is not None, what="serve to listen")
        assert started.poll() is None, (tmp_path / "serve.log").read_text()
        yield started


def api(environment: dict[str, str]) -> str:
    return f"http://127.0.0.1:{environment['ZD_API_PORT']}"


class Events:
    """Reads a stream of server-sent events in a thread."""

    def __init__(self, url: str) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.ended = threading.Event()
        self._url = url
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        timeout = httpx.Timeout(10, read=60)
        with httpx.stream("GET", f"{self._url}/api/v1/changes", headers=STAFF, timeout=timeout) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self.seen.append((name, json.loads(line.removeprefix("data: "))))
        self.ended.set()

    def names(self) -> list[str]:
        return [name for name, _ in self.seen]


TOLD = Counter({"ticket": 1, "message": 2})  # the owner and the engineer


def test_changes_come_live_and_the_server_stops_while_somebody_listens(
    served: subprocess.Popen[bytes], environment: dict[str, str], world: World
) -> None:
    first, second = Events(api(environment)), Events(api(environment))
    for events in (first, second):
        wait_until(lambda: "ready" in events.names(), what="the stream to begin")  # noqa: B023
    world.find()
    ticket = world.ticket()
    for events in (first, second):
        wait_until(lambda: Counter(events.names()) >= TOLD, what="the news")  # noqa: B023
        changed = next(data for name, data in events.seen if name == "ticket")
        assert (changed["id"], changed["version"], changed["state"]) == (ticket.id, 1, "owner_asked")
        told = {data["audience"] for name, data in events.seen if name == "message"}
        assert told == {"owner", "engineer"}
    seen = len(first.seen)
    with world.pool.connection() as conn:
        conn.execute("UPDATE device SET last_seen_at = now() WHERE id = %s", (FRIDGE,))  # no news
        conn.execute("UPDATE device SET online = true WHERE id = %s", (FRIDGE,))
    wait_until(lambda: len(first.seen) > seen, what="the device's news")
    assert first.seen[seen:] == [("device", {"id": FRIDGE})]
    world.find()  # new evidence for the same ticket
    wait_until(lambda: len(first.seen) > seen + 1, what="the evidence's news")
    assert first.seen[seen + 1] == ("ticket", {"id": ticket.id, "device": FRIDGE})
    served.send_signal(signal.SIGTERM)
    assert served.wait(15) == 0
    assert first.ended.wait(5)


def test_a_dropped_connection_goes_on_where_it_was(
    served: subprocess.Popen[bytes], environment: dict[str, str], world: World
) -> None:
    """What changed while nobody was connected comes first, then what is live; nothing is missing."""

    def read(last: str, enough: int) -> list[tuple[str, str]]:
        """Read until so many changes were seen, then drop the connection."""
        seen: list[tuple[str, str]] = []
        headers = {**STAFF, **({"Last-Event-ID": last} if last else {})}
        url = f"{api(environment)}/api/v1/changes"
        with httpx.stream("GET", url, headers=headers, timeout=30) as answer:
            number = ""
            for line in answer.iter_lines():
                if line == "event: ready" and not last:
                    touch(True)
                if line.startswith("id: "):
                    number = line.removeprefix("id: ")
                elif line.startswith("data: ") and number:
                    seen.append((number, line.removeprefix("data: ")))
                    if len(seen) == enough:
                        return seen
        raise AssertionError(seen)

    def touch(online: bool) -> None:
        with world.pool.connection() as conn:
            conn.execute("UPDATE device SET online = %s WHERE id = %s", (online, FRIDGE))

    (first,) = read("", 1)
    touch(False)
    touch(True)
    missed = read(first[0], 2)
    numbers = [int(number) for number, _ in (first, *missed)]
    assert numbers == sorted(set(numbers))
    assert {data for _, data in missed} == {f'{{"id":"{FRIDGE}"}}'}


def test_streams_are_told_to_look_again_after_an_interruption(
    served: subprocess.Popen[bytes], environment: dict[str, str], world: World
) -> None:
    events = Events(api(environment))
    wait_until(lambda: "ready" in events.names(), what="the stream to begin")
    with world.pool.connection() as conn:
        conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    wait_until(lambda: "resync" in events.names(), what="the resync")
    world.find()
    wait_until(lambda: "ticket" in events.names(), what="the news")
    assert served.poll() is None


def test_a_taken_port_and_a_missing_database_are_one_sentence_each(
    served: subprocess.Popen[bytes], environment: dict[str, str], tmp_path: Path
) -> None:
    with process(tmp_path, "serve", environment) as second:
        assert second.wait(30) == 3
    said = (tmp_path / "serve.log").read_text()
    assert "ZD_API_PORT" in said
    assert "Traceback" not in said
    lost = {**environment, "ZD_DATABASE": "postgresql://nobody@127.0.0.1:9/none", "ZD_API_PORT": "0"}
    for command in ("serve", "work"):
        with process(tmp_path, command, lost) as broken:
            assert broken.wait(30) == 3
        said = (tmp_path / f"{command}.log").read_text()
        assert "ZD_DATABASE" in said
        assert "Traceback" not in said
    assert served.poll() is None


class Appliance:
    """A device on the broker that does, refuses or ignores what it is told."""

    def __init__(self, url: str, device: str, outcome: str = "done") -> None:
        self.outcome = outcome
        self.heard: list[dict[str, Any]] = []
        self._device = device
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device)
        self._client.on_connect = lambda client, *_: client.subscribe(mqtt_topic(device, "command"), qos=1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        host, port = url.removeprefix("mqtt://").split(":")
        self._client.connect(host, int(port))
        self._client.loop_start()
        assert self._ready.wait(10)

    def _on_message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        command = json.loads(message.payload)
        self.heard.append(command)
        if self.outcome:
            reply = {"id": command["id"], "ts": None, "outcome": self.outcome, "reason": "so be it"}
            reply["ts"] = command["expires"].split("T")[0] + "T00:00:00Z"
            client.publish(mqtt_topic(self._device, "reply"), json.dumps(reply), qos=1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_commands_over_a_real_broker(
    served: subprocess.Popen[bytes],
    environment: dict[str, str],
    world: World,
    sqlite_log: Log,
    mosquitto: Mosquitto,
    tmp_path: Path,
) -> None:
    """API → database → work → Mosquitto → appliance → Mosquitto → ingest → log → work → API."""
    sqlite_log.create_topics(LOG_TOPICS, 4)
    environment = {**environment, "ZD_MQTT": mosquitto.url, "ZD_LOG_PARTITIONS": "4"}
    path = f"{api(environment)}/api/v1/devices/{FRIDGE}/commands"

    def ask() -> str:
        body = {"name": "set_temperature", "arguments": {"set_point": 3}, "expires_in_s": 60}
        answer = httpx.post(path, headers=STAFF, json=body, timeout=10)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def ended(command: str) -> tuple[str, str]:
        device = httpx.get(f"{api(environment)}/api/v1/devices/{FRIDGE}", headers=STAFF, timeout=10).json()
        found = next(c for c in device["recent_commands"] if c["id"] == command)
        return found["state"], found["reason"]

    stop = threading.Event()
    settings = Settings(
        database=environment["ZD_DATABASE"],
        log=environment["ZD_LOG"],
        mqtt=mosquitto.url,
        log_partitions=4,
        data_dir=tmp_path,
    )  # type: ignore[call-arg]
    intake = threading.Thread(target=ingest.service.run, args=(settings, stop))
    intake.start()
    appliance = Appliance(mosquitto.url, FRIDGE)
    try:
        with process(tmp_path, "work", environment) as worker:
            done = ask()
            wait_until(lambda: ended(done) == ("done", "so be it"), what="the reply")
            assert appliance.heard[0]["name"] == "set_temperature"
            assert appliance.heard[0]["arguments"] == {"set_point": 3}
            assert appliance.heard[0]["expires"].endswith("Z")
            appliance.outcome = "refused"
            refused = ask()
            wait_until(lambda: ended(refused)[0] == "refused", what="the refusal")

            # Nothing leaves while the broker is away, and what waits leaves once it is back.
            mosquitto.kill()
            waiting = ask()
            assert ended(waiting)[0] == "queued"
            appliance.outcome = ""
            mosquitto.start()
            wait_until(lambda: ended(waiting)[0] == "sent", what="the broker's return", timeout_s=40)
            assert worker.poll() is None
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(20) == 0
        assert [command["id"] for command in appliance.heard[:2]] == [done, refused]
    finally:
        appliance.close()
        stop.set()
        intake.join(30)
    assert not intake.is_alive()
