"""Who comes in at the broker, what they reach, and how soon they are out again."""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
from datetime import timedelta

import pytest

from tests.fixtures.processes import wait_until
from tests.security.rig import ACCOUNTS, Party, Rig
from zerodistance.access import sync
from zerodistance.access.authority import Authority
from zerodistance.access.issuing import NewCredential
from zerodistance.errors import UnavailableError
from zerodistance.store import credentials
from zerodistance.store.database import connect

pytestmark = pytest.mark.mosquitto
REFUSED = {"Not authorized", "Bad user name or password"}


def test_a_stranger_is_refused(rig: Rig) -> None:
    for name, secret in (("nobody", "pw"), ("_ingest", "guess"), ("_access", ""), ("_access", "guess")):
        with rig.party(name, secret) as stranger:
            assert stranger.answer() in REFUSED, name
    with rig.party("", "") as nameless, Party(rig.port) as inside:
        assert nameless.answer() in REFUSED
        assert inside.answer() in REFUSED


def test_a_stolen_id_with_another_devices_password_is_refused(rig: Rig) -> None:
    rig.register("mine-1", "theirs-1")
    mine, _theirs = rig.give("mine-1"), rig.give("theirs-1")
    rig.sync()
    with rig.party("theirs-1", mine.password) as thief:
        assert thief.answer() in REFUSED
    with rig.party("mine-1", mine.password) as honest:
        assert honest.answer() == "Success"


def test_nobody_ends_a_session_by_taking_its_client_id(rig: Rig) -> None:
    rig.register("victim", "attacker")
    victim, attacker = rig.give("victim"), rig.give("attacker")
    rig.sync()
    with (
        rig.party("victim", victim.password, client_id="victim").connected() as one,
        rig.party("attacker", attacker.password, client_id="victim").connected() as other,
        rig.platform() as platform,
    ):
        platform.subscribe("zd/v1/+/telemetry")
        other.publish("zd/v1/attacker/telemetry", b"after")
        assert platform.next() == ("zd/v1/attacker/telemetry", b"after")
        one.publish("zd/v1/victim/telemetry", b"still here")
        assert platform.next() == ("zd/v1/victim/telemetry", b"still here")
        assert not one.gone.is_set()


def test_a_device_cannot_speak_as_its_neighbour(rig: Rig) -> None:
    rig.register("own", "neighbour")
    mine = rig.give("own")
    rig.sync()
    with (
        rig.platform("_simulator") as platform,  # hears everything, commands and receipts included
        rig.platform() as ingest,
        rig.party("own", mine.password).connected() as device,
    ):
        platform.subscribe("zd/v1/#")
        ingest.subscribe("$SYS/broker/version", "tele/#")
        ingest.next()
        for topic in (
            "zd/v1/neighbour/telemetry",
            "zd/v1/neighbour/command",
            "zd/v1/own/command",
            "zd/v1/own/stored",
            "zd/v1/own/elsewhere",
            "zd/v1/own",
            "zd/v1/ownX/telemetry",
            "zd/v1//telemetry",
            "$SYS/broker/version",
            "$CONTROL/dynamic-security/v1",
            "tele/own/SENSOR",
        ):
            device.publish(topic, b"forged")
        for channel in ("telemetry", "children", "fault", "event", "status", "reply"):
            device.publish(f"zd/v1/own/{channel}", channel.encode())
            assert platform.next() == (f"zd/v1/own/{channel}", channel.encode())
        assert ingest.inbox.empty()


WIDE = ("#", "zd/#", "zd/v1/+/command", "+/+/+/stored", "zd/v1/+/telemetry", "$SYS/#")


@pytest.mark.parametrize("wide", WIDE)
def test_a_wildcard_subscription_brings_a_device_its_own_only(rig: Rig, wide: str) -> None:
    device = f"curious-{WIDE.index(wide)}"
    rig.register(device, f"{device}-b")
    mine = rig.give(device)
    rig.sync()
    with (
        rig.party(device, mine.password).connected() as curious,
        rig.platform("_work") as work,
        rig.platform("_store") as store,
        rig.platform("_simulator") as other,
    ):
        curious.subscribe(wide)
        work.publish(f"zd/v1/{device}-b/command", b"secret")
        store.publish(f"zd/v1/{device}-b/stored", b"secret")
        other.publish(f"zd/v1/{device}-b/telemetry", b"secret")
        curious.subscribe(f"zd/v1/{device}/command")
        work.publish(f"zd/v1/{device}/command", b"mine")
        assert curious.next() == (f"zd/v1/{device}/command", b"mine")
        with contextlib.suppress(queue.Empty):  # once more, where both subscriptions fit
            assert curious.inbox.get_nowait() == (f"zd/v1/{device}/command", b"mine")


def test_each_account_of_the_platform_does_its_own_work_only(rig: Rig) -> None:
    with (
        rig.platform() as ingest,
        rig.platform("_store") as store,
        rig.platform("_work") as work,
        rig.platform("_simulator") as devices,
    ):
        ingest.subscribe("zd/v1/#")
        store.subscribe("zd/v1/#")
        devices.subscribe("zd/v1/+/command", "zd/v1/+/stored")
        ingest.publish("zd/v1/x/command", b"forged")
        store.publish("zd/v1/x/command", b"forged")
        work.publish("zd/v1/x/telemetry", b"forged")
        work.publish("zd/v1/x/command", b"right")
        store.publish("zd/v1/x/stored", b"right")
        assert {devices.next(), devices.next()} == {
            ("zd/v1/x/command", b"right"),
            ("zd/v1/x/stored", b"right"),
        }
        # what goes down is not brought to ingest, what comes up under a wrong topic is
        devices.publish("zd/v1/x/nonsense", b"lost?")
        assert ingest.next() == ("zd/v1/x/nonsense", b"lost?")
        assert ingest.inbox.empty()
        assert store.inbox.empty()


def test_a_rotated_password_ends_the_session_and_the_old_one_is_refused(rig: Rig) -> None:
    rig.register("rotated")
    old = rig.give("rotated")
    rig.sync()
    device = rig.party("rotated", old.password).connected()
    new = rig.give("rotated")
    assert new.revoked == (old.id,)
    assert rig.sync() == ["rotated"]
    wait_until(device.gone.is_set, what="the old session to end")
    device.leave()
    with rig.party("rotated", old.password) as late:
        assert late.answer() in REFUSED
    with rig.party("rotated", new.password) as fresh:
        assert fresh.answer() == "Success"


def test_a_certificate_names_its_device_and_a_revoked_one_is_out(rig: Rig) -> None:
    rig.register("certified", "bystander")
    certificate, other = rig.give("certified", "certificate"), rig.give("bystander", "certificate")
    rig.sync()
    with rig.platform() as platform, rig.certified(other).connected() as bystander:
        platform.subscribe("zd/v1/#")
        device = rig.certified(certificate, client_id="bystander").connected()
        device.publish("zd/v1/bystander/telemetry", b"forged")
        device.publish("zd/v1/certified/telemetry", b"own")
        assert platform.next() == ("zd/v1/certified/telemetry", b"own")
        with connect(rig.database) as conn:
            credentials.revoke(conn, "certified", actor="test")
        assert rig.sync() == ["certified"]
        wait_until(device.gone.is_set, what="the session to end")
        device.leave()
        assert not bystander.gone.is_set()
    assert rig.certified(certificate).answer() == ""  # not even TLS comes about
    with connect(rig.database) as conn:
        (listed,) = credentials.listing(conn, "certified")
        assert listed.cut_at is not None
        assert [event.action for event in credentials.events(conn, "certified")] == [
            "cut",
            "revoked",
            "issued",
        ]


def test_a_replaced_certificate_holds_until_its_overlap_ends(rig: Rig) -> None:
    rig.register("overlapping")
    old = rig.give("overlapping", "certificate")
    new = rig.give("overlapping", "certificate", replace=True, overlap=timedelta(days=2))
    assert new.revoked == (old.id,)
    rig.sync()
    for credential in (old, new):
        with rig.certified(credential) as device:
            assert device.answer() == "Success"
    with connect(rig.database) as conn:  # the two days pass
        conn.execute("UPDATE device_credential SET revoked_at = clock_timestamp() WHERE id = %s", (old.id,))
    rig.sync()
    assert rig.certified(old).answer() == ""
    with rig.certified(new) as device:
        assert device.answer() == "Success"


def test_certificates_of_others_are_refused(rig: Rig) -> None:
    stranger = Authority.create(rig.folder / "other-ca").issue_device("fridge-9")
    ours = Authority.load(rig.settings.ca_folder())
    server = ours.issue_server(["fridge-9"])  # signed by us, but for servers
    for name, made in (("stranger", stranger), ("server", server)):
        credential = NewCredential(
            name, "certificate", "x", certificate=made.certificate_pem, key=made.key_pem
        )
        assert rig.certified(credential).answer() == "", name
    with Party(rig.by_certificate, ca=rig.ca, user="_ingest", password=ACCOUNTS["_ingest"]) as without:
        assert without.answer() == ""


def test_a_disabled_device_is_out_and_back_with_what_it_had(rig: Rig) -> None:
    rig.register("noisy")
    password, certificate = rig.give("noisy"), rig.give("noisy", "certificate")
    rig.sync()
    by_password = rig.party("noisy", password.password).connected()
    with connect(rig.database) as conn:
        assert credentials.disable(conn, "noisy", "floods", actor="test")
        assert not credentials.disable(conn, "noisy", "floods", actor="test")
    assert rig.sync() == ["noisy"]
    wait_until(by_password.gone.is_set, what="the session to end")
    by_password.leave()
    with rig.party("noisy", password.password) as late:
        assert late.answer() in REFUSED
    assert rig.certified(certificate).answer() == ""
    with connect(rig.database) as conn:
        assert credentials.enable(conn, "noisy", actor="test")
    rig.sync()
    with rig.party("noisy", password.password) as device:
        assert device.answer() == "Success"
    with rig.certified(certificate) as device:
        assert device.answer() == "Success"


def test_a_session_that_could_not_be_ended_is_ended_the_next_time(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flooder keeps the broker busy: just then it must not be forgotten."""
    rig.register("noisy")
    certificate = rig.give("noisy", "certificate")
    rig.sync()
    device = rig.certified(certificate).connected()
    with connect(rig.database) as conn:
        credentials.disable(conn, "noisy", "floods", actor="test")
    with monkeypatch.context() as patch:
        visit = sync.visit
        patch.setattr(sync, "visit", lambda address, name: name != "noisy" and visit(address, name))
        with pytest.raises(UnavailableError, match="noisy"):
            rig.sync()
    assert not device.gone.is_set()
    assert rig.sync() == ["noisy"]
    wait_until(device.gone.is_set, what="the session to end")
    device.leave()
    assert rig.sync() == [], "and not again and again"


def test_a_broker_that_missed_the_signal_is_told_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was just starting: its old passwords were read, its pid file not written yet."""
    rig.register("newcomer")
    secret = rig.give("newcomer").password
    with monkeypatch.context() as patch:
        patch.setattr(sync, "_RELOAD_S", 0.3)
        patch.setattr(sync.BrokerAccess, "_signal", lambda _: None)
        with pytest.raises(UnavailableError, match="does not take the new"):
            rig.sync()
    monkeypatch.setattr(sync, "_RELOAD_S", 5.0)
    rig.sync()
    with rig.party("newcomer", secret) as device:
        assert device.answer() == "Success"


def test_reloading_costs_ingest_nothing_it_has_not_read(rig: Rig) -> None:
    rig.register("talker")
    secret = rig.give("talker").password
    rig.sync()
    ingest = rig.platform(client_id="persistent-ingest", clean=False)
    ingest.subscribe("zd/v1/talker/telemetry")
    ingest.leave()
    with rig.party("talker", secret).connected() as device:
        device.publish("zd/v1/talker/telemetry", b"before")
        rig.register("somebody-new")
        rig.give("somebody-new")
        rig.sync()
        device.publish("zd/v1/talker/telemetry", b"after")
        assert not device.gone.is_set()
    with rig.platform(client_id="persistent-ingest", clean=False) as back:
        assert [back.next()[1], back.next()[1]] == [b"before", b"after"]


def test_a_client_that_does_not_trust_us_or_speaks_old_tls_gets_nowhere(rig: Rig) -> None:
    with (
        socket.create_connection(("127.0.0.1", rig.by_password), timeout=5) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", rig.by_password), timeout=5) as plain,
        pytest.raises((ssl.SSLError, OSError)),
    ):
        old.wrap_socket(plain, server_hostname="localhost")


def test_the_files_of_the_broker_hold_no_secret(rig: Rig) -> None:
    rig.register("quiet")
    secret = rig.give("quiet").password
    rig.sync()
    written = b"".join(path.read_bytes() for path in (rig.folder / "broker").iterdir())
    with connect(rig.database) as conn:
        kept = str(conn.execute("SELECT * FROM device_credential").fetchall())
        kept += str(conn.execute("SELECT * FROM access_event").fetchall())
    for hidden in (secret, *ACCOUNTS.values()):
        assert hidden.encode() not in written
        assert hidden not in kept
    assert secret not in rig.output()
    assert (rig.folder / "broker/passwords").stat().st_mode & 0o007 == 0
    assert (rig.settings.ca_folder() / "ca.key").stat().st_mode & 0o007 == 0
