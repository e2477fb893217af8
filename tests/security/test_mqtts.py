"""Every part of the platform that speaks to the broker does so over TLS: mqtts:// with CA and certificate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from prometheus_client import REGISTRY

from ingest.probe import probe
from services.commands.repository import CommandRow
from services.commands.sender import CommandSender
from simulators.connections import Connections
from stream.telling import ReceiptTeller
from tests.fixtures.processes import wait_until
from tests.ingest.live import Reader, make_topics, now_ms, running
from tests.security.rig import ACCOUNTS, Party, Rig
from zerodistance.access.authority import Authority
from zerodistance.broker import parse_address
from zerodistance.errors import SettingsError
from zerodistance.log import Log, open_log

pytestmark = pytest.mark.mosquitto


def _url(rig: Rig, account: str, secret: str, **files: Path) -> str:
    query = "&".join(f"{name}={quote(str(path))}" for name, path in {"ca": rig.ca, **files}.items())
    return f"mqtts://{account}:{quote(secret)}@localhost:{rig.by_password}?{query}"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    one = open_log(f"sqlite:///{tmp_path}/log.sqlite")
    make_topics(one)
    yield one
    one.close()


@pytest.fixture
def device(rig: Rig) -> Iterator[Party]:
    """A refrigerator, connected by password over TLS."""
    rig.register("d-1")
    secret = rig.give("d-1").password
    rig.sync()
    with rig.party("d-1", secret).connected() as one:
        yield one


def _sample(seq: int) -> bytes:
    return json.dumps({"ts": now_ms(), "boot": 1, "seq": seq, "values": {"power": 80.0}}).encode()


def test_ingest_by_password_and_by_certificate(rig: Rig, log: Log, device: Party, tmp_path: Path) -> None:
    issued = Authority.load(rig.settings.ca_folder()).issue_device("_ingest")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_text(issued.certificate_pem)
    key.write_text(issued.key_pem)
    by_password = _url(rig, "_ingest", ACCOUNTS["_ingest"])
    by_certificate = (
        f"mqtts://localhost:{rig.by_certificate}?ca={quote(str(rig.ca))}&cert={quote(str(cert))}"
        f"&key={quote(str(key))}"
    )
    reader = Reader(log)
    try:
        for seq, url in enumerate((by_password, by_certificate), 1):
            with running(url, log):
                device.publish("zd/v1/d-1/telemetry", _sample(seq))
                wait_until(lambda: len(reader.samples()) == seq, what="the sample on the log")  # noqa: B023
                wait_until(lambda: REGISTRY.get_sample_value("zd_broker_clients"), what="$SYS")
        assert [one.seq for one in reader.samples()] == [1, 2]
        figures = REGISTRY.get_sample_value  # the broker's own, each second
        assert (figures("zd_broker_clients") or 0) >= 1
        assert figures("zd_broker_dropped") == 0
    finally:
        reader.close()


def test_receipts_and_commands(rig: Rig, device: Party) -> None:
    device.subscribe("zd/v1/d-1/stored", "zd/v1/d-1/command")
    teller = ReceiptTeller(_url(rig, "_store", ACCOUNTS["_store"]), every_s=0)
    teller.start()
    try:
        teller.tell({("d-1", 1): 7})
        assert device.next() == ("zd/v1/d-1/stored", b'{"boot":1,"through":7}')
    finally:
        teller.stop()
    sender = CommandSender(_url(rig, "_work", ACCOUNTS["_work"]))
    try:
        assert sender.wait_connected(10)
        sender.send(_command())
        topic, payload = device.next()
        assert topic == "zd/v1/d-1/command"
        assert json.loads(payload)["id"] == "command-1"
    finally:
        sender.close()


def test_a_simulated_appliance(rig: Rig) -> None:
    rig.register("sim-1")
    secret = rig.give("sim-1").password
    rig.sync()
    pool = Connections(parse_address(_url(rig, "sim-1", secret)))
    with rig.platform() as ingest:
        ingest.subscribe("zd/v1/sim-1/#")
        connection = pool.add("sim-1", ["zd/v1/sim-1/command"], lambda _topic, _payload: None)
        pool.open_first()
        wait_until(lambda: pool.poll(0.02) or connection.connected, what="the simulator to connect")
        connection.publish("zd/v1/sim-1/telemetry", _sample(1))
        wait_until(lambda: pool.poll(0.02) or not connection.pending, what="the acknowledgement")
        assert ingest.next()[0] == "zd/v1/sim-1/telemetry"
    pool.close()


def test_doctors_probe_and_what_it_says_of_a_broker_that_is_not_trusted(rig: Rig, tmp_path: Path) -> None:
    assert probe(_url(rig, "_work", ACCOUNTS["_work"])).protocol == "5"
    other = Authority.create(tmp_path / "other")
    assert other.ca_pem
    url = f"mqtts://_work:x@localhost:{rig.by_password}?ca={quote(str(tmp_path / 'other/ca.pem'))}"
    assert "certificate verify failed" in probe(url).problem


@pytest.mark.parametrize(
    "url",
    [
        "mqtt://broker?ca=/x",
        "mqtts://broker?ca=/x&ca=/y",
        "mqtts://broker?cert=/x",
        "mqtts://broker?verify=no",
        "mqtts://broker#x",
        "mqtts://user:secret@",
    ],
)
def test_an_address_that_is_not_understood_is_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_address(url)
    assert "secret" not in str(caught.value)


def test_files_that_cannot_be_read_are_named_and_the_password_is_not(tmp_path: Path) -> None:
    address = parse_address(f"mqtts://user:secret@broker?ca={tmp_path}/none.pem")
    with pytest.raises(SettingsError, match=r"none\.pem") as caught:
        address.context()
    assert "secret" not in str(caught.value)


def _command() -> CommandRow:
    now = datetime.now(UTC)
    return CommandRow(
        id="command-1",
        tenant_id=1,
        device_id="d-1",
        ticket_id=None,
        name="sterilise",
        arguments={},
        state="queued",
        requested_by="test",
        consent_required=False,
        consent_by=None,
        reason="",
        timeout_s=60.0,
        created_at=now,
        expires_at=now + timedelta(hours=1),
        sent_at=None,
        finished_at=None,
    )
