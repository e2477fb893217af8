"""The typed client: it is that of the present document, and it does what it says against the application."""

from __future__ import annotations

import asyncio
import filecmp
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
from zerodistance_client import AuthenticatedClient
from zerodistance_client.api.devices import get_device, list_devices
from zerodistance_client.api.general import get_health
from zerodistance_client.api.tickets import get_ticket, list_tickets, move_ticket
from zerodistance_client.api.webhooks import create_webhook
from zerodistance_client.models import Problem, TicketMove, TicketPage, TicketPublic, WebhookCreate
from zerodistance_client.models.device_detail import DeviceDetail

from services.api.app import make_app
from tests.services.api import TOKEN, settings_of
from tests.services.world import FRIDGE, World

ROOT = Path(__file__).parents[2]


def generator() -> Any:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "clients" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_client_is_that_of_this_document() -> None:
    # In a process of its own: ``typing`` keeps the first of two equal unions, here those of the client, whose
    # enumerations are in another order.
    told = subprocess.run(
        [sys.executable, "-c", "import sys, generate; sys.stdout.buffer.write(generate.text().encode())"],
        cwd=ROOT / "clients",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert generator().DOCUMENT.read_text(encoding="utf-8") == told, "the API has changed: run `make client`"


@pytest.mark.soak
def test_the_package_is_what_the_generator_writes(tmp_path: Path) -> None:
    made = generator()
    package = tmp_path / "zerodistance_client"
    made.write(made.DOCUMENT, package)
    names = {str(path.relative_to(package)) for path in package.rglob("*.py")}
    kept = {str(path.relative_to(made.PACKAGE)) for path in made.PACKAGE.rglob("*.py")}
    assert names == kept
    assert filecmp.cmpfiles(package, made.PACKAGE, sorted(names), shallow=False)[1:] == ([], [])


@pytest.fixture
def client(world: World, database: str) -> Iterator[AuthenticatedClient]:
    app = make_app(settings_of(database))
    yield AuthenticatedClient(
        "http://api.test",
        TOKEN,
        httpx_args={"transport": httpx.ASGITransport(app, raise_app_exceptions=False)},
    )
    app.state.platform.close()


def test_an_engineers_morning(client: AuthenticatedClient, world: World) -> None:
    world.find()
    world.work()

    async def morning() -> None:
        page = await list_tickets.asyncio(client=client, state="open", limit=5)
        assert isinstance(page, TicketPage)
        (summary,) = page.items
        assert (summary.device.id, page.next_) == (FRIDGE, None)
        ticket = await get_ticket.asyncio(summary.id, client=client)
        assert isinstance(ticket, TicketPublic)
        assert ticket.opened_at == world.clock.now()
        assert "remote" in ticket.moves
        move = TicketMove(version=ticket.version, to="remote", note="I call.")
        moved = await move_ticket.asyncio(ticket.id, client=client, body=move)
        assert isinstance(moved, TicketPublic)
        assert (moved.state, moved.version) == ("remote", ticket.version + 1)
        refused = await move_ticket.asyncio_detailed(ticket.id, client=client, body=move)
        assert refused.status_code in (HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED)
        assert isinstance(refused.parsed, Problem)
        assert refused.parsed.code
        device = await get_device.asyncio(FRIDGE, client=client)
        assert isinstance(device, DeviceDetail)
        assert device.owner_link.startswith("http://api.test/owner/")
        missing = await get_device.asyncio("none", client=client)
        assert isinstance(missing, Problem)
        assert (missing.status, missing.code) == (404, "not_found")
        devices = await list_devices.asyncio(client=client, q="Kitchen")
        assert not isinstance(devices, Problem)
        assert devices is not None
        assert [one.id for one in devices.items] == [FRIDGE]
        hook = WebhookCreate(url="https://partner.test/in", types=["ticket.closed"])
        made = await create_webhook.asyncio(client=client, body=hook)
        assert not isinstance(made, Problem)
        assert made is not None
        assert made.secret.startswith("whsec_")
        health = await get_health.asyncio(client=client)
        assert not isinstance(health, Problem)
        assert health is not None
        assert health.status == "ok"

    asyncio.run(morning())
