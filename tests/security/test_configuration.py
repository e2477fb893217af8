"""deploy/mosquitto.conf and run.sh: what survives a restart, what is too large, who is too slow."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import time

import pytest

from tests.fixtures.processes import accepts, die_with_parent, wait_until
from tests.security.rig import ROOT, Rig
from zerodistance.access.sync import BrokerAccess
from zerodistance.store.database import connect

pytestmark = pytest.mark.mosquitto


def test_what_was_queued_survives_a_restart(rig: Rig) -> None:
    rig.register("counting")
    secret = rig.give("counting").password
    rig.sync()
    ingest = rig.platform(client_id="restarted", clean=False)
    ingest.subscribe("zd/v1/+/telemetry")
    ingest.leave()
    with rig.party("counting", secret).connected() as device:
        for number in range(300):  # beyond Mosquitto's own default of what is in flight
            device.publish("zd/v1/counting/telemetry", b"%d" % number)
    rig.stop()
    rig.start()
    with rig.platform(client_id="restarted", clean=False) as back:
        assert [int(back.next()[1]) for _ in range(300)] == list(range(300))


def test_the_simulator_speaks_for_all_its_appliances(rig: Rig) -> None:
    with rig.platform() as ingest, rig.platform("_simulator") as simulator:
        ingest.subscribe("zd/v1/#")
        simulator.subscribe("zdsim/v1/+/fault")
        simulator.publish("zd/v1/fridge-77/telemetry", b"1")
        assert ingest.next() == ("zd/v1/fridge-77/telemetry", b"1")
        simulator.publish("zdsim/v1/fridge-77/fault", b"2")
        assert simulator.next() == ("zdsim/v1/fridge-77/fault", b"2")


def test_a_payload_beyond_the_limit_goes_no_further(rig: Rig) -> None:
    rig.register("large")
    secret = rig.give("large").password
    rig.sync()
    with rig.platform() as ingest:
        ingest.subscribe("zd/v1/large/#")
        with rig.party("large", secret).connected() as device:
            device.publish("zd/v1/large/telemetry", b"x" * 300_000)  # ingest's dead letter says why
            assert len(ingest.next()[1]) == 300_000
            device.client.publish("zd/v1/large/telemetry", b"x" * 600_000, qos=1)
            wait_until(device.gone.is_set, what="the broker to cut it off")
        with rig.party("large", secret).connected() as device:
            device.publish("zd/v1/large/telemetry", b"small again")
        assert ingest.next()[1] == b"small again"


def test_slow_clients_hold_up_nobody(rig: Rig) -> None:
    """Half a TLS handshake, half a CONNECT, half a PUBLISH, many times over: others are served at once."""
    rig.register("patient")
    secret = rig.give("patient").password
    rig.sync()
    context = ssl.create_default_context(cafile=str(rig.ca))
    held: list[socket.socket] = []
    try:
        for number in range(60):
            plain = socket.create_connection(("127.0.0.1", rig.by_password), timeout=5)
            held.append(plain)
            if number % 3 == 0:
                plain.sendall(b"\x16\x03\x01\x02\x00\x01")  # a ClientHello that never ends
                continue
            secured = context.wrap_socket(plain, server_hostname="localhost")
            held.append(secured)
            connect_packet = b"\x10\x80\x02\x00\x04MQTT\x04\x02" if number % 3 == 1 else b"\x10\xff\xff"
            secured.sendall(connect_packet)
        with rig.platform() as ingest:
            ingest.subscribe("zd/v1/patient/#")
            started = time.monotonic()
            with rig.party("patient", secret).connected() as device:
                device.publish("zd/v1/patient/telemetry", b"served")
            assert ingest.next()[1] == b"served"
            assert time.monotonic() - started < 5
    finally:
        for one in held:
            one.close()


def test_a_packet_announced_as_too_large_is_cut_off_at_once(rig: Rig) -> None:
    rig.register("announcing")
    secret = rig.give("announcing").password
    rig.sync()
    with rig.party("announcing", secret).connected() as device:
        sock = device.client.socket()
        assert sock is not None
        sock.sendall(b"\x30\xff\xff\xff\x7f")  # PUBLISH of 256 MiB: nothing of it is waited for
        wait_until(device.gone.is_set, what="the broker to cut it off")


def test_run_sh_has_the_broker_read_anew_and_ends_with_it(rig: Rig) -> None:
    rig.stop()
    access = BrokerAccess(rig.settings)  # no pid file: run.sh watches
    access.write()
    broker = subprocess.Popen(
        ["sh", ROOT / "deploy/mosquitto/run.sh"],
        env={
            "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin",
            "MOSQUITTO_CONF": str(rig.conf),
            "ACCESS_FOLDER": str(rig.folder / "broker"),
        },
        preexec_fn=die_with_parent,
    )
    try:
        wait_until(lambda: accepts(rig.port), what="Mosquitto to listen")
        rig.register("watched")
        secret = rig.give("watched").password
        with connect(rig.database, autocommit=True) as conn:
            access.turn(conn)  # returns once the broker takes the new account
        with rig.party("watched", secret) as device:
            assert device.answer() == "Success"
    finally:
        broker.terminate()
        assert broker.wait(10) is not None
    wait_until(lambda: not accepts(rig.port), what="Mosquitto to end with run.sh")
    rig.start()
