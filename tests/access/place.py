"""Two brands, each with a home in the north and one in the south, and callers of every role."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import msgspec
from fastapi import FastAPI

from services.accounts import repository, sessions
from services.accounts.repository import Account
from services.accounts.roles import AccountRole as R
from services.api.app import make_app
from services.tokens import owner_token
from services.webhooks import repository as webhooks
from services.webhooks.events import emit_to
from services.webhooks.sealing import Sealer
from tests.services.api import TOKEN, settings_of
from tests.services.world import make_finding
from zerodistance.catalogue import Catalogue
from zerodistance.settings import Settings
from zerodistance.store.database import Connection
from zerodistance.store.devices import (
    note_unclaimed,
    register_device,
    register_engineer,
    register_household,
)

BRANDS = {"one": 1, "two": 2}
SIDES = ("north", "south")
PASSWORD = "a long sentence of one's own"
# name of the caller → its roles; each is there for each brand
PEOPLE: dict[str, list[R]] = {
    "owner": [R.OWNER],
    "engineer": [R.ENGINEER],
    "dispatcher": [R.DISPATCHER],
    "operator": [R.OPERATOR],
    "product": [R.PRODUCT],
    "partner": [R.PARTNER],
    "admin": [R.ADMIN],
}
# callers without an account: the staff token, a partner's key, nobody
CALLERS = (*PEOPLE, "machine", "key", "nobody")


@dataclass
class Place:
    """The app with its callers and what there is to find.

    Attributes:
        tokens: (brand, caller) → bearer token; the staff token is brand one's.
        accounts: (brand, caller) → the account.
        found: (brand, side) → parameter of a path → the id there.
    """

    app: FastAPI
    settings: Settings
    loop: asyncio.AbstractEventLoop
    client: httpx.AsyncClient
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    found: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def call(self, method: str, path: str, token: str = "", body: Any = None, **more: Any) -> httpx.Response:
        """Call the API, with a bearer token unless it is empty."""
        return self.loop.run_until_complete(self.acall(method, path, token, body, **more))

    async def acall(
        self, method: str, path: str, token: str = "", body: Any = None, **more: Any
    ) -> httpx.Response:
        """Call the API from several tasks at once; ``headers`` and ``params`` are passed on."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        if body is not None:
            more["json"] = body
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **more)

    def at_once(self, *calls: tuple[Any, ...]) -> list[httpx.Response]:
        """Make several calls at the same time; each is the arguments of :meth:`acall`, a dict last of all."""

        async def together() -> list[httpx.Response]:
            return await asyncio.gather(*(self.acall(*call[:-1], **call[-1]) for call in calls))

        return self.loop.run_until_complete(together())

    def token(self, caller: str, brand: str = "one") -> str:
        """Return a caller's token."""
        return self.tokens[(brand, caller)]

    def fresh(self, caller: str, brand: str = "one") -> sessions.SignedIn:
        """Return a new session of a caller's account."""
        with self.app.state.platform.unscoped() as conn:
            return sessions.begin(conn, self.settings, self.accounts[(brand, caller)], "here")

    def owner(self, brand: str = "one", side: str = "north") -> str:
        """Return the token in the link of a home."""
        return owner_token(self.settings, f"{brand}-home-{side}")

    def connection(self) -> Any:
        """Give a connection that no policy binds."""
        return self.app.state.platform.unscoped()


@contextmanager
def opened(database: str, catalogue: Catalogue, **settings: Any) -> Iterator[Place]:
    """Fill a database with the two brands and open an app on it."""
    given = settings_of(database, **{"api_rate": 0, "staff_password": PASSWORD, **settings})
    app = make_app(given)
    loop = asyncio.new_event_loop()
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://api.test"
    )
    place = Place(app, given, loop, client)
    try:
        with place.connection() as conn:
            conn.execute("INSERT INTO tenant (id, name) VALUES (2, 'two')")
            conn.execute("SELECT setval(pg_get_serial_sequence('tenant', 'id'), 2)")
            for brand, tenant in BRANDS.items():
                for side in SIDES:
                    place.found[(brand, side)] = _fill(conn, app, brand, tenant, side)
                _people(conn, place, brand, tenant)
        yield place
    finally:
        loop.run_until_complete(client.aclose())
        loop.close()
        app.state.platform.close()


def _fill(conn: Connection, app: FastAPI, brand: str, tenant: int, side: str) -> dict[str, str]:
    """Make a home with appliances, tickets and what else a path can name; return the ids."""
    desk, now = app.state.platform.desk, app.state.platform.clock.now()
    home, fridge = f"{brand}-home-{side}", f"{brand}-fridge-{side}"
    engineer, campaign = f"{brand}-engineer-{side}", f"{brand}-campaign-{side}"
    register_household(conn, home, tenant=tenant, region=side, owner_name=f"{brand} owner {side}")
    register_engineer(conn, engineer, engineer, tenant=tenant, region=side, skills=["refrigeration"])
    register_device(conn, fridge, "refrigerator", tenant=tenant, household_id=home, name=fridge)
    register_device(conn, f"{brand}-purifier-{side}", "water_purifier", tenant=tenant, household_id=home)
    found = make_finding(fridge, "door_ajar", id=f"{brand}-finding-{side}", at=now)
    desk.take_finding(conn, msgspec.structs.replace(found, tenant=tenant))
    ticket = conn.execute("SELECT id FROM ticket WHERE device_id = %s", (fridge,)).fetchone()
    conn.execute(
        "INSERT INTO campaign (id, tenant_id, type, cause, region, opened_at, opened_by)"
        " VALUES (%s, %s, 'refrigerator', 'compressor_failed', %s, %s, 'platform')",
        (campaign, tenant, side, now),
    )
    made = webhooks.create(
        conn,
        Sealer(app.state.platform.settings.secret_key),
        tenant,
        url="https://example.com/hook",
        types=["ticket.opened"],
        description=f"{brand} {side}",
        secret="w" * 32,
        actor="test",
    )
    emit_to(conn, tenant, made.id, f"{brand}-event-{side}", now)
    conn.execute(
        "INSERT INTO product_issue (id, tenant_id, type, model, cause, since, opened_at, affected, devices,"
        " counted_at) VALUES (%s, %s, 'refrigerator', %s, 'gasket_leak', %s, %s, 5, 9, %s)",
        (f"{brand}-issue-{side}", tenant, side, now, now, now),
    )
    conn.execute("INSERT INTO campaign_history VALUES (%s, 1, %s, 'platform', 'It began.')", (campaign, now))
    conn.execute(
        "INSERT INTO insight (id, tenant_id, household_id, device_id, kind, day, body, created_at)"
        " VALUES (%s, %s, %s, %s, 'energy', %s, %s, %s)",
        (f"{brand}-insight-{side}", tenant, home, fridge, now.date(), '{"en": "Less."}', now),
    )
    conn.execute(
        "INSERT INTO device_credential (id, device_id, kind, hash, created_by)"
        " VALUES (%s, %s, 'password', '$7$x', 'test')",
        (f"{brand}-credential-{side}", fridge),
    )
    message = conn.execute(
        "UPDATE message SET sent_at = %s WHERE device_id = %s AND audience = 'owner' RETURNING id",
        (now + timedelta(seconds=1), fridge),
    ).fetchone()
    note_unclaimed(conn, f"stranger-{tenant}-{side}", now, "{}", "refrigerator")  # nobody's, so everybody's
    key, _ = repository.add_key(
        conn, tenant, f"{brand}-spare-{side}", ["use:read"], [home], created_by="test"
    )
    assert ticket is not None
    assert message is not None
    return {
        "device_id": fridge,
        "ticket_id": ticket[0],
        "message_id": message[0],
        "campaign_id": campaign,
        "issue_id": f"{brand}-issue-{side}",
        "engineer_id": engineer,
        "credential_id": f"{brand}-credential-{side}",
        "key_id": key.id,
        "unclaimed_id": f"stranger-{tenant}-{side}",
        "region": side,
        "webhook_id": made.id,
        "delivery_id": f"{brand}-event-{side}",
    }


def _people(conn: Connection, place: Place, brand: str, tenant: int) -> None:
    """Make an account of each role, signed in, a key, and accounts that paths may name."""
    for caller, roles in PEOPLE.items():
        account = repository.add(
            conn,
            tenant,
            f"{brand}-{caller}",
            roles,
            created_by="test",
            engineer=f"{brand}-engineer-north" if R.ENGINEER in roles else None,
            household=f"{brand}-home-north" if R.OWNER in roles else None,
        )
        place.accounts[(brand, caller)] = account
        place.tokens[(brand, caller)] = sessions.begin(conn, place.settings, account, "here").access_token
    for side in SIDES:
        spare = repository.add(conn, tenant, f"{brand}-spare-{side}", [R.DISPATCHER], created_by="test")
        place.found[(brand, side)]["account_id"] = spare.id
    homes = [f"{brand}-home-north"]
    _, key = repository.add_key(
        conn, tenant, f"{brand}-shop", ["use:read", "figures:read"], homes, created_by="test"
    )
    place.tokens[(brand, "key")] = key.secret
    place.tokens[(brand, "nobody")] = ""
    place.tokens[("one", "machine")] = TOKEN
