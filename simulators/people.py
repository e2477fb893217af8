"""A simulated owner and a simulated service engineer, who act only as people could.

They read and answer over the platform's HTTP API. They "look at" an appliance by reading the
simulator's retained truth topic, and "put it right" by clearing the fault there: the platform itself
never sees either. Owners can put right what the catalogue calls the owner's remedy (a door left open).
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import httpx
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from zerodistance.broker import parse_address
from zerodistance.catalogue import Catalogue
from zerodistance.clock import Clock
from zerodistance.errors import UnavailableError

Json = dict[str, Any]


@dataclass(frozen=True)
class Habits:
    """How long people take, in platform time."""

    owner_reads_after: timedelta = timedelta(minutes=6)
    visit_after: timedelta = timedelta(minutes=50)
    visit_window: timedelta = timedelta(hours=1)
    repair_takes: timedelta = timedelta(minutes=35)


class SimulatedWorld:
    """What is really wrong with the appliances, over the simulator's own MQTT topics."""

    def __init__(self, url: str) -> None:
        address = parse_address(url)
        self._faults: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="zd-people")
        address.prepare(self._client)
        self._client.on_connect = self._connected
        self._client.on_message = self._heard
        try:
            self._client.connect(address.host, address.port)
        except OSError as error:
            where = f"{address.host}:{address.port}"
            raise UnavailableError(f"The MQTT broker at {where} does not answer: {error}.") from error
        self._client.loop_start()

    def faults(self, device: str) -> list[str]:
        """Return the faults that the simulator has active in ``device``."""
        with self._lock:
            return list(self._faults.get(device, ()))

    def start(self, device: str, fault: str, severity: float = 1.0) -> None:
        """Make ``device`` have ``fault`` from now on."""
        self._publish(device, {"fault": fault, "action": "start", "severity": severity})

    def clear(self, device: str, fault: str) -> None:
        """Put ``fault`` right."""
        self._publish(device, {"fault": fault, "action": "clear"})

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def _publish(self, device: str, message: Json) -> None:
        info = self._client.publish(f"zdsim/v1/{device}/fault", json.dumps(message), qos=1)
        info.wait_for_publish(10)

    def _connected(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe("zdsim/v1/+/truth", qos=1)

    def _heard(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        device = message.topic.split("/")[2]
        with self._lock:
            self._faults[device] = [str(name) for name in json.loads(message.payload or b"[]")]


class ServiceApi:
    """The few calls of the platform's API that people make."""

    def __init__(self, base: str, staff_token: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=f"{base}/api/v1",
            timeout=20,
            transport=transport,
            headers={"Authorization": f"Bearer {staff_token}"},
        )
        self._owner_tokens: dict[str, str] = {}

    def get(self, path: str, **query: Any) -> Json:
        """Return the JSON document at ``path``; raises httpx.HTTPStatusError for a refusal."""
        answer = self._http.get(path, params=query)
        answer.raise_for_status()
        return cast(Json, answer.json())

    def post(self, path: str, body: Json) -> Json:
        """Post ``body``; raises httpx.HTTPStatusError for a refusal."""
        answer = self._http.post(path, json=body)
        answer.raise_for_status()
        return cast(Json, answer.json()) if answer.content else {}

    def tickets(self, state: str = "open") -> list[Json]:
        """Return whole tickets, the newest hundred at most."""
        page = self.get("/tickets", state=state, limit=100)
        return [self.get(f"/tickets/{item['id']}") for item in page["items"]]

    def owner_token(self, device: str) -> str:
        """Return the token in the link that the owner of ``device`` was sent."""
        if device not in self._owner_tokens:
            link = self.get(f"/devices/{device}")["owner_link"]
            self._owner_tokens[device] = link.rstrip("/").rsplit("/", 1)[-1]
        return self._owner_tokens[device]

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


@dataclass
class People:
    """Owners and one engineer; :meth:`step` lets them do whatever is due."""

    api: ServiceApi
    world: SimulatedWorld
    catalogue: Catalogue
    clock: Clock
    engineer: str
    habits: Habits = field(default_factory=Habits)

    def step(self) -> None:
        """Read the open tickets and do what each person would do by now."""
        for ticket in self.api.tickets():
            now = self.clock.now()
            try:
                self._owner(ticket, now)
                self._engineer(ticket, now)
            except httpx.HTTPStatusError as refusal:
                # Somebody (the platform itself, most often) moved the ticket first: look again next time.
                if refusal.response.status_code != 409:
                    raise

    def _owner(self, ticket: Json, now: datetime) -> None:
        device = ticket["device"]["id"]
        for message in ticket["messages"]:
            if message["audience"] != "owner" or message["answer"] or not message["answers"]:
                continue
            sent = message["sent_at"]
            if ticket["state"] != "owner_asked" or sent is None:
                continue
            if now < datetime.fromisoformat(sent) + self.habits.owner_reads_after:
                continue
            answer = self._look(ticket, list(message["answers"]))
            token = self.api.owner_token(device)
            self.api.post(f"/owner/{token}/messages/{message['id']}/answer", {"answer": answer})
            return
        if ticket["state"] == "verified" and ticket["rating"] is None:
            token = self.api.owner_token(device)
            self.api.post(f"/owner/{token}/tickets/{ticket['id']}/rating", {"rating": 5})

    def _look(self, ticket: Json, answers: list[str]) -> str:
        """Go to the appliance, put right what an owner can, and choose the true answer."""
        device, type_name = ticket["device"]["id"], ticket["device"]["type"]
        faults = self.catalogue.get_type(type_name).faults
        present = self.world.faults(device)
        mine = [name for name in present if name in faults and faults[name].remedy == "owner"]
        for name in mine:
            self.world.clear(device, name)
        wanted = "fixed" if mine else "checked"
        return wanted if wanted in answers else answers[0]

    def _engineer(self, ticket: Json, now: datetime) -> None:
        state, device = ticket["state"], ticket["device"]["id"]
        if state == "on_site":
            start = now + self.habits.visit_after
            self._move(
                ticket,
                "planned",
                assignee=self.engineer,
                visit_from=start.isoformat(),
                visit_until=(start + self.habits.visit_window).isoformat(),
                note="Visit agreed with the owner.",
            )
        elif state == "planned" and now >= datetime.fromisoformat(ticket["visit_from"]):
            self._move(ticket, "visiting", note="At the door.")
        elif state == "visiting" and now >= self._since(ticket) + self.habits.repair_takes:
            found = self.world.faults(device)
            for name in found:
                self.world.clear(device, name)
            part = self._part(ticket, found)
            outcome = "no_fault_found"
            if found:
                outcome = "confirmed" if ticket["cause"] in found else "other_fault"
            self._move(
                ticket,
                "resolved",
                outcome=outcome,
                outcome_cause=found[0] if found else "",
                parts_used=[part] if part else [],
                minutes=int(self.habits.repair_takes.total_seconds() // 60),
                note="Repaired and tested." if found else "Nothing found.",
            )

    def _part(self, ticket: Json, found: list[str]) -> str:
        faults = self.catalogue.get_type(ticket["device"]["type"]).faults
        return faults[found[0]].part if found and found[0] in faults else ""

    def _since(self, ticket: Json) -> datetime:
        return datetime.fromisoformat(ticket["history"][-1]["time"])

    def _move(self, ticket: Json, to: str, **fields: Any) -> None:
        self.api.post(f"/tickets/{ticket['id']}/moves", {"version": ticket["version"], "to": to, **fields})
