"""Rows are scoped by the database: no table without a policy, no query without a scope."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

import services
from services.accounts.scope import ROLE, Reach, Scope, enter, widen
from tests.access.place import Place
from zerodistance.store.database import connect

# Tables that the API's role sees whole, each with the reason.
OPEN = {
    "adapter_memory": "what adapters have learnt of other makers' devices; of no brand",
    "dead_letter": "not read by the API",
    "dead_letter_action": "not read by the API",
    "delivery": "the outbox of messages; written, never shown",
    "diagnosis_state": "not read by the API",
    "dirty_range": "not read by the API",
    "expected_band": "telemetry: found by a device that was looked up",
    "failed_login": "of no brand; the role may not touch it",
    "insight_run": "days, of no brand",
    "log_offset": "not read by the API",
    "diagnosis_replay": "not read by the API",
    "log_rejected": "not read by the API",
    "migration": "of no brand",
    "model_promotion": "of no brand; the role may not write it",
    "model_version": "of no brand; the role may not write it",
    "outbox": "records for the log; written, never shown",
    "parked_sample": "not read by the API",
    "receipt": "not read by the API",
    "stage_count": "counters, of no brand",
    "telemetry_conflict": "telemetry: found by a device that was looked up",
    "ticket_move": "the life cycle, of no brand",
    "timer": "what comes due; written, never shown",
    "unclaimed_device": "nobody's, so everybody's who may claim",
    "unknown_channel": "telemetry: found by a device that was looked up",
}
TELEMETRY = re.compile(r"(telemetry|rollup)_.*|.*_(5m|1h|1d)(_.*)?|stored_type.*")


def test_every_table_is_scoped_or_says_why_not(place: Place) -> None:
    with place.connection() as conn:
        rows = conn.execute(
            "SELECT c.relname, c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname IN ('public', 'private') AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        ).fetchall()
    bare = {name for name, scoped in rows if not scoped and not TELEMETRY.fullmatch(name)}
    assert bare - set(OPEN) == set(), "give it a policy as migration 0019 does, or a reason in OPEN"
    assert {name for name, scoped in rows if scoped} & set(OPEN) == set()


def test_without_a_scope_nothing_is_seen(place: Place) -> None:
    with connect(place.settings.database) as conn:
        conn.execute(f"SET LOCAL ROLE {ROLE}")
        with pytest.raises(psycopg.errors.UndefinedObject):
            conn.execute("SELECT count(*) FROM ticket")
    with connect(place.settings.database) as conn:
        enter(conn, Scope(1))
        conn.commit()
        conn.execute(f"SET LOCAL ROLE {ROLE}")
        with pytest.raises(psycopg.Error):  # what was set before ended with its transaction
            conn.execute("SELECT count(*) FROM ticket")


def test_a_scope_ends_with_its_transaction(place: Place) -> None:
    with place.connection() as conn:
        assert conn.execute("SELECT current_user").fetchone() != (ROLE,)
        with conn.transaction():
            enter(conn, Scope(2))
            assert conn.execute("SELECT current_user").fetchone() == (ROLE,)
            assert conn.execute("SELECT count(*) FROM household").fetchone() == (2,)
        conn.commit()
        assert conn.execute("SELECT count(*) FROM household").fetchone() == (4,)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ticket SET version = version + 1",
        "DELETE FROM message",
        "UPDATE device SET name = 'x'",
        "DELETE FROM private.api_key",
        "UPDATE private.owner SET name = 'x'",
        "DELETE FROM device_credential",
        "UPDATE private.account SET name = 'x'",
    ],
)
def test_a_statement_that_names_no_brand_reaches_one_brand_only(place: Place, statement: str) -> None:
    table = statement.split()[1 if statement.startswith("UPDATE") else 2]
    with connect(place.settings.database) as conn:
        conn.execute("SET session_replication_role = replica")  # triggers are not what is looked at
        enter(conn, Scope(2))
        changed = conn.execute(statement.encode()).rowcount
        conn.execute("RESET ROLE")
        whole = conn.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        conn.rollback()
    assert whole is not None
    assert 0 < changed < whole[0] + changed


def test_a_row_cannot_be_given_to_another_brand(place: Place) -> None:
    with connect(place.settings.database) as conn:
        enter(conn, Scope(1))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("UPDATE household SET tenant_id = 2 WHERE id = 'one-home-north'")
    with connect(place.settings.database) as conn:
        enter(conn, Scope(1))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("INSERT INTO household (id, tenant_id) VALUES ('planted', 2)")


def test_a_home_sees_its_own_rows_and_its_own_messages(place: Place) -> None:
    scope = Scope(1, Reach.HOUSEHOLDS, households=("one-home-north",))
    with connect(place.settings.database) as conn:
        enter(conn, scope)
        tables = ("device", "ticket", "finding")
        count = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)
        assert conn.execute(count).fetchone() == (2, 1, 1)
        audiences = conn.execute("SELECT DISTINCT audience FROM message").fetchall()
        assert audiences == [("owner",)], "what is written to engineers is not the owner's"
        assert conn.execute("SELECT household_id FROM private.owner").fetchall() == [("one-home-north",)]
        widen(conn)
        assert conn.execute("SELECT count(*) FROM ticket").fetchone() == (2,)


def test_only_signing_in_and_health_go_round_the_scope() -> None:
    """A handler that took the connection without a scope would see every brand's rows."""
    folder = Path(services.__file__).parent / "api"
    users = {
        path.name
        for path in folder.rglob("*.py")
        if re.search(r"\.unscoped\(|platform\.pool|\.as_owner\(", path.read_text(encoding="utf-8"))
    }
    assert users == {"app.py", "dependencies.py", "general.py", "server.py", "sessions.py"}
