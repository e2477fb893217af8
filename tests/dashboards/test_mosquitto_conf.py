"""deploy/mosquitto.conf starts a real Mosquitto, keeps what it should, lets each in where it belongs."""

from __future__ import annotations

import getpass
import os
import queue
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.dashboards.compose import ROOT
from tests.fixtures.processes import accepts, free_port, start_server, wait_until
from tests.fixtures.skips import missing

pytestmark = pytest.mark.mosquitto
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
PASSWORDS = {"zerodistance": "p1", "simulator": "p2", "fridge-01": "p3", "fridge-02": "p4"}


class Broker:
    """The production broker on a scratch port and folder."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder
        self.port = free_port()
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "data").mkdir()
        conf = (ROOT / "deploy/mosquitto.conf").read_text(encoding="utf-8")
        conf = conf.replace("listener 1883", f"listener {self.port} 127.0.0.1")
        conf = conf.replace("/mosquitto/data/", f"{folder}/data/")
        conf = conf.replace("/mosquitto/config/acl", str(ROOT / "deploy/mosquitto/acl"))
        assert "/mosquitto/" not in conf.replace("deploy/mosquitto/acl", "").replace(str(folder), "")
        (folder / "mosquitto.conf").write_text(conf + f"user {getpass.getuser()}\n", encoding="utf-8")

    def start(self) -> None:
        process = start_server(
            [self._program, "-c", self.folder / "mosquitto.conf"], self.folder / "output.log"
        )
        self._process = process
        wait_until(lambda: accepts(self.port) or process.poll() is not None, what="Mosquitto to listen")
        assert process.poll() is None, (self.folder / "output.log").read_text()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def add_account(self, name: str) -> None:
        passwords = self.folder / "data/passwords"
        subprocess.run(["mosquitto_passwd", "-b", passwords, name, PASSWORDS[name]], check=True)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    program = shutil.which("mosquitto", path=_PATH)
    if program is None:
        missing("mosquitto", "the program mosquitto is not installed")
    made = Broker(tmp_path, program)
    subprocess.run(
        ["sh", ROOT / "deploy/mosquitto/accounts.sh"],
        check=True,
        env={
            "PATH": _PATH,
            "PASSWORD_FILE": str(tmp_path / "data/passwords"),
            "MQTT_PASSWORD": PASSWORDS["zerodistance"],
            "MQTT_SIMULATOR_PASSWORD": PASSWORDS["simulator"],
        },
    )
    for name in ("fridge-01", "fridge-02"):
        made.add_account(name)
    made.start()
    try:
        yield made
    finally:
        made.stop()


class Party:
    """A client that collects what it is sent."""

    def __init__(self, broker: Broker, name: str, *, clean: bool = True) -> None:
        self.inbox: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._subscribed: queue.Queue[int] = queue.Queue()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"{name}-test", clean_session=clean)
        self.client.username_pw_set(name, PASSWORDS[name])
        self.client.on_message = lambda _c, _u, message: self.inbox.put((message.topic, message.payload))
        self.client.on_subscribe = lambda _c, _u, mid, _r, _p: self._subscribed.put(mid)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()

    def subscribe(self, topic: str) -> None:
        self.client.subscribe(topic, qos=1)
        self._subscribed.get(timeout=10)

    def publish(self, topic: str, payload: bytes = b"x") -> None:
        self.client.publish(topic, payload, qos=1).wait_for_publish(10)

    def leave(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.mark.parametrize("account", [None, ("zerodistance", "wrong"), ("nobody", "p1")])
def test_nobody_comes_in_without_an_account(broker: Broker, account: tuple[str, str] | None) -> None:
    answers: queue.Queue[bool] = queue.Queue()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    if account is not None:
        client.username_pw_set(*account)
    client.on_connect = lambda _c, _u, _f, code, _p: answers.put(code.is_failure)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    assert answers.get(timeout=10) is True
    client.loop_stop()


def test_a_device_reaches_its_own_topics_only(broker: Broker) -> None:
    platform, device, other = (Party(broker, name) for name in ("zerodistance", "fridge-01", "fridge-02"))
    platform.subscribe("zd/v1/#")
    device.subscribe("zd/v1/fridge-01/command")
    other.subscribe("zd/v1/+/command")
    device.publish("zd/v1/fridge-02/telemetry", b"forged")
    device.publish("zd/v1/fridge-01/command", b"to itself")
    other.publish("zdsim/v1/fridge-01/fault", b"not a simulator")
    device.publish("zd/v1/fridge-01/telemetry", b"own")
    assert platform.inbox.get(timeout=10) == ("zd/v1/fridge-01/telemetry", b"own")
    platform.publish("zd/v1/fridge-01/command", b"on")
    assert device.inbox.get(timeout=10) == ("zd/v1/fridge-01/command", b"on")
    platform.publish("zd/v1/fridge-02/command", b"off")
    assert other.inbox.get(timeout=10) == ("zd/v1/fridge-02/command", b"off")
    for party in (platform, device, other):
        party.leave()


def test_the_simulator_speaks_for_all_its_appliances(broker: Broker) -> None:
    platform, simulator = Party(broker, "zerodistance"), Party(broker, "simulator")
    platform.subscribe("zd/v1/#")
    simulator.subscribe("zdsim/v1/+/fault")
    simulator.publish("zd/v1/fridge-77/telemetry", b"1")
    assert platform.inbox.get(timeout=10) == ("zd/v1/fridge-77/telemetry", b"1")
    simulator.publish("zdsim/v1/fridge-77/fault", b"2")
    assert simulator.inbox.get(timeout=10) == ("zdsim/v1/fridge-77/fault", b"2")
    for party in (platform, simulator):
        party.leave()


def test_what_was_queued_survives_a_restart(broker: Broker) -> None:
    platform = Party(broker, "zerodistance", clean=False)
    platform.subscribe("zd/v1/+/telemetry")
    platform.leave()
    device = Party(broker, "fridge-01")
    for number in range(300):  # beyond Mosquitto's own default of what is in flight
        device.publish("zd/v1/fridge-01/telemetry", b"%d" % number)
    device.leave()
    broker.stop()
    broker.start()
    platform = Party(broker, "zerodistance", clean=False)
    assert [int(platform.inbox.get(timeout=10)[1]) for _ in range(300)] == list(range(300))
    platform.leave()


def test_accounts_are_renewed_and_those_of_devices_kept(broker: Broker) -> None:
    passwords = broker.folder / "data/passwords"
    before = dict(line.split(":", 1) for line in passwords.read_text().splitlines())
    environment = {"PATH": _PATH, "PASSWORD_FILE": str(passwords), "MQTT_PASSWORD": "new"}
    subprocess.run(["sh", ROOT / "deploy/mosquitto/accounts.sh"], check=True, env=environment)
    after = dict(line.split(":", 1) for line in passwords.read_text().splitlines())
    assert set(after) == set(PASSWORDS)
    assert after["zerodistance"] != before["zerodistance"]
    assert {n: v for n, v in after.items() if n != "zerodistance"} == {
        n: v for n, v in before.items() if n != "zerodistance"
    }
