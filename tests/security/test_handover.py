"""Credentials over the API, and an appliance that changes hands: its former owner is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from services.api.app import make_app
from services.tokens import owner_token
from tests.fixtures.postgres import made_database
from tests.services.api import Api, settings_of
from zerodistance.access.authority import Authority
from zerodistance.access.passwords import matches
from zerodistance.store import credentials
from zerodistance.store.database import Connection, connect
from zerodistance.store.devices import Registry, register_device, register_household

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def database(postgres_server: str, template_database: str) -> Iterator[str]:
    """One for all tests of this module: a new one for each would cost more than they do."""
    with made_database(postgres_server, template=template_database) as address:
        yield address


@pytest.fixture(scope="module")
def running(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    settings = settings_of(database, ca_dir=tmp_path_factory.mktemp("ca"))
    Authority.create(settings.ca_folder())
    app = make_app(settings)
    yield Api(app)
    app.state.platform.close()


@pytest.fixture
def empty(database: str) -> str:
    with connect(database) as conn:
        conn.execute("TRUNCATE device, household, access_event CASCADE")
    return database


@pytest.fixture
def api(running: Api, empty: str) -> Api:
    with connect(empty) as conn:
        for home in ("home-1", "home-2"):
            register_household(conn, home)
        register_device(conn, "gateway-1", "gateway", household_id="home-1")
        register_device(conn, "fridge-1", "refrigerator", household_id="home-1", gateway_id="gateway-1")
        register_device(conn, "oven-1", "oven", household_id="home-1", gateway_id="gateway-1")
    return running


def _request(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_a_password_is_shown_once_and_kept_as_a_hash(api: Api, database: str) -> None:
    made = api.post("/devices/fridge-1/credentials", {"kind": "password"}, **{"X-Actor": "li"})
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    body = made.json()
    assert body["user"] == "fridge-1"
    with connect(database) as conn:
        assert matches(body["password"], credentials.passwords(conn)["fridge-1"])
        assert credentials.events(conn, "fridge-1")[0].actor == "staff:li"
    (listed,) = api.get("/devices/fridge-1/credentials").json()
    assert (listed["id"], listed["revoked_at"]) == (body["id"], None)
    assert body["password"] not in api.get("/devices/fridge-1/credentials").text
    assert "$7$" not in api.get("/devices/fridge-1/credentials").text


def test_a_new_password_takes_the_place_of_the_old_one(api: Api, database: str) -> None:
    first = api.post("/devices/fridge-1/credentials", {}).json()
    second = api.post("/devices/fridge-1/credentials", {}).json()
    assert second["revoked"] == [first["id"]]
    with connect(database) as conn:
        hashed = credentials.passwords(conn)["fridge-1"]
    assert matches(second["password"], hashed)
    assert not matches(first["password"], hashed)


def test_credentials_are_revoked_one_by_one_or_all(api: Api) -> None:
    ids = [
        api.post("/devices/fridge-1/credentials", {"kind": kind}).json()["id"]
        for kind in ("password", "certificate", "certificate")
    ]
    one = api.anonymous("DELETE", f"/api/v1/devices/fridge-1/credentials/{ids[1]}", headers=api.staff)
    assert one.json() == {"revoked": [ids[1]]}
    again = api.anonymous("DELETE", f"/api/v1/devices/fridge-1/credentials/{ids[1]}", headers=api.staff)
    assert again.status_code == 404
    rest = api.anonymous("DELETE", "/api/v1/devices/fridge-1/credentials", headers=api.staff)
    assert rest.json() == {"revoked": sorted([ids[0], ids[2]])}
    other = api.anonymous("DELETE", f"/api/v1/devices/oven-1/credentials/{ids[0]}", headers=api.staff)
    assert other.status_code == 404


def test_a_signing_request_cannot_choose_its_name(api: Api) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    body = api.post("/devices/fridge-1/credentials", {"kind": "certificate", "csr": _request(key, "oven-1")})
    made = body.json()
    certificate = x509.load_pem_x509_certificate(made["certificate"].encode())
    assert made["key"] == ""
    assert certificate.subject.rfc4514_string() == "CN=fridge-1"
    assert certificate.public_key() == key.public_key()


def test_bad_requests_are_refused_with_a_sentence(api: Api) -> None:
    weak = rsa.generate_private_key(65537, 1024)
    for csr in ("nonsense", _request(weak, "fridge-1")):
        answer = api.post("/devices/fridge-1/credentials", {"kind": "certificate", "csr": csr})
        assert answer.status_code == 422, csr
    assert api.post("/devices/nobody/credentials", {}).status_code == 404
    for path in ("/devices/fridge-1/credentials", "/devices/fridge-1/disable", "/devices/fridge-1/enable"):
        assert api.anonymous("POST", f"/api/v1{path}", json={}).status_code == 401
    assert api.anonymous("GET", "/api/v1/access").status_code == 401


def test_a_device_is_disabled_and_enabled(api: Api) -> None:
    answer = api.post("/devices/fridge-1/disable", {"reason": "floods"})
    assert [one["device_id"] for one in answer.json()["disabled"]] == ["fridge-1"]
    listed = {one["id"]: one["disabled_reason"] for one in api.get("/devices").json()["items"]}
    assert listed == {"fridge-1": "floods", "gateway-1": "", "oven-1": ""}
    registry = Registry(api.app.state.platform.pool)
    try:
        entry = registry.get("fridge-1")
        assert entry is not None
        assert entry.retired
        assert api.post("/devices/fridge-1/enable").json()["disabled"] == []
        registry.refresh()
        back = registry.get("fridge-1")
        assert back is not None
        assert not back.retired
    finally:
        registry.close()
    actions = [event["action"] for event in api.get("/access", device="fridge-1").json()["events"]]
    assert actions == ["enabled", "disabled"]


def test_a_hand_over_cuts_off_the_former_owner_in_the_same_transaction(api: Api, database: str) -> None:
    api.post("/devices/fridge-1/credentials", {})
    api.post("/devices/fridge-1/credentials", {"kind": "certificate"})
    with connect(database) as conn:
        _life(conn)
        conn.commit()
        register_device(conn, "fridge-1", "refrigerator", household_id="home-2")
        conn.rollback()  # nothing of it alone
        assert "fridge-1" in credentials.passwords(conn)
        register_device(
            conn, "fridge-1", "refrigerator", household_id="home-2", gateway_id="gateway-1"
        )  # even if somebody names the former home's gateway
        assert credentials.passwords(conn) == {}
        assert len(credentials.revoked_certificates(conn)) == 1
        row = conn.execute("SELECT gateway_id FROM device WHERE id = 'fridge-1'").fetchone()
        assert row == (None,)
        command = conn.execute("SELECT expires_at = created_at FROM command").fetchone()
        assert command == (True,)
        assert credentials.events(conn, "fridge-1")[0].action == "handed_over"
    settings = api.app.state.platform.settings
    former, new = owner_token(settings, "home-1"), owner_token(settings, "home-2")
    for token in (former, new):
        page = api.anonymous("GET", f"/owner/{token}")
        assert page.status_code == 200
        assert "Is the door closed" not in page.text
        assert api.anonymous("GET", f"/api/v1/owner/{token}/messages").json() == []
        answer = api.anonymous(
            "POST", f"/api/v1/owner/{token}/messages/message-1/answer", json={"answer": "approve"}
        )
        assert answer.status_code == 404
        rated = api.anonymous("POST", f"/api/v1/owner/{token}/tickets/ticket-1/rating", json={"rating": 5})
        assert rated.status_code == 404


def test_before_the_hand_over_the_owner_sees_it(api: Api, database: str) -> None:
    with connect(database) as conn:
        _life(conn)
    token = owner_token(api.app.state.platform.settings, "home-1")
    assert "Is the door closed" in api.anonymous("GET", f"/owner/{token}").text
    (message,) = api.anonymous("GET", f"/api/v1/owner/{token}/messages").json()
    assert message["id"] == "message-1"


def test_a_gateway_that_goes_to_somebody_else_speaks_for_what_stayed_no_longer(
    api: Api, database: str
) -> None:
    with connect(database) as conn:
        register_device(conn, "gateway-1", "gateway", household_id="home-2")
        rows = conn.execute("SELECT gateway_id FROM device WHERE type <> 'gateway'").fetchall()
    assert rows == [(None,), (None,)]


def test_retirement_revokes_and_a_first_home_does_not(empty: str) -> None:
    with connect(empty) as conn:
        register_household(conn, "home-1")
        register_device(conn, "shop-1", "oven")
        credentials.issue_password(conn, "shop-1", actor="test")
        register_device(conn, "shop-1", "oven", household_id="home-1", name="Sold")
        assert list(credentials.passwords(conn)) == ["shop-1"]
        conn.execute("UPDATE device SET retired_at = %s WHERE id = 'shop-1'", (NOON,))
        assert credentials.passwords(conn) == {}
        register_device(conn, "shop-1", "oven", household_id="home-1")  # in use again: a new secret is needed
        assert credentials.passwords(conn) == {}
        assert [event.action for event in credentials.events(conn)] == ["retired", "issued"]


def _life(conn: Connection) -> None:
    """Give the refrigerator an open ticket, a question about it and a command that waits."""
    run = conn.execute
    run(
        "INSERT INTO ticket (id, tenant_id, device_id, household_id, state, origin, cause, probability,"
        " urgency, onset_at, opened_at)"
        " VALUES ('ticket-1', 1, 'fridge-1', 'home-1', 'owner_asked', 'detected', 'door_ajar',"
        " 0.9, 'urgent', %(t)s, %(t)s)",
        {"t": NOON},
    )
    run(
        "INSERT INTO message (id, tenant_id, event_id, audience, household_id, ticket_id, device_id, kind,"
        " purpose, body, answers, created_at, not_before, sent_at)"
        " VALUES ('message-1', 1, 'event-1', 'owner', 'home-1', 'ticket-1', 'fridge-1', 'question', 'check',"
        """ '{"en": "Is the door closed?", "zh": "门关了吗？"}',"""
        """ '{"approve": {"en": "Yes", "zh": "是"}}', %(t)s, %(t)s, %(t)s)""",
        {"t": NOON},
    )
    run(
        "INSERT INTO command (id, tenant_id, device_id, name, state, requested_by, created_at, expires_at)"
        " VALUES ('command-1', 1, 'fridge-1', 'sterilise', 'awaiting_consent', 'staff', %s, %s)",
        (NOON, datetime(2026, 3, 3, tzinfo=UTC)),
    )
