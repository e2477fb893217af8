"""A fleet live over MQTT: telemetry until receipted, events, status and Last Will, commands, injected faults.

The platform's clock says how far the fleet is simulated; each appliance has its own connection, or shares
its gateway's. When
simulation or broker cannot keep pace with the clock, that is logged and counted: nothing is dropped for it.
Besides the platform's topics the fleet speaks the simulator's own: ``zdsim/v1/{device}/fault`` takes
``{"fault": NAME, "action": "start" | "clear", "severity": 1.0}`` (no fault with ``clear``: all), and
``zdsim/v1/{device}/truth`` (retained) is the list of faults that the device has.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
import structlog

from simulators.commanding import CommandDesk
from simulators.connections import Connections
from simulators.delivery import Delivery
from simulators.faults import GrowthKind
from simulators.outward import event_json, readings, values_json
from simulators.simulation import FleetSimulation, Reported
from simulators.truth import TruthFile
from simulators.uplinks import Uplink, connect_fleet
from zerodistance.broker import Address
from zerodistance.catalogue import Catalogue
from zerodistance.clock import Clock
from zerodistance.errors import ZeroDistanceError
from zerodistance.messages import StoredPayload, mqtt_topic

_log = structlog.get_logger(__name__)
_TICK_S = 0.05
_MOST_AT_ONCE_US = 1_800_000_000  # simulated between two looks at the network
_LATE_S = 2.0  # real seconds behind the clock that are worth a warning
_WARN_EVERY_S = 10.0
_LOOK_EVERY_S = 1.0


class FaultOrder(msgspec.Struct, frozen=True):
    """Payload of ``zdsim/v1/{device}/fault``."""

    action: str = "start"
    fault: str | None = None
    severity: float = 1.0
    growth: GrowthKind | None = None
    hours: float | None = None
    persistent: bool = False


@dataclass(slots=True)
class Figures:
    """What a live run has done; ``behind_s``: the most real seconds that it was behind the clock."""

    samples: int = 0
    events: int = 0
    commands: int = 0
    receipts: int = 0
    behind_s: float = 0.0


class Publisher:
    """Runs a fleet live.

    Args:
        fleet: stands where the live part begins.
        broker: where to publish.
        catalogue: channels and commands.
        clock: the platform's.
        deliveries: device → outgoing buffer.
        truth: file that faults are noted in, or None.
    """

    def __init__(
        self,
        fleet: FleetSimulation,
        broker: Address,
        catalogue: Catalogue,
        clock: Clock,
        deliveries: Mapping[str, Delivery],
        truth: TruthFile | None = None,
    ) -> None:
        self.fleet, self.deliveries, self.figures = fleet, deliveries, Figures()
        self._catalogue, self._clock, self._truth = catalogue, clock, truth
        self._desk = CommandDesk(fleet, catalogue)
        self._pool = Connections(broker)
        self._told: dict[str, list[str]] = {}
        self._active: dict[str, list[str]] = {}
        self._untold: set[str] = set()  # those whose faults may be news to who listens
        self._busy: set[Uplink] = set()  # those that have something to send
        self._look_at = 0.0
        self._behind = False
        self._warned_at = -_WARN_EVERY_S
        self._full_warned = 0
        self._links = connect_fleet(
            self._pool,
            fleet.plan.gateways(),
            deliveries,
            now_ms=lambda: self._clock.now_us() // 1000,
            on_ready=self._ready,
            on_message=self._heard,
        )
        self._uplinks = list(dict.fromkeys(self._links.values()))

    def run(
        self, stop: threading.Event, every_s: float = 60.0, now_and_then: Callable[[], None] | None = None
    ) -> None:
        """Publish until ``stop``; ``now_and_then`` is called every ``every_s`` real seconds.

        Raises:
            UnavailableError: nothing listens where the broker should be when it starts.
        """
        self._pool.open_first()
        again = time.monotonic() + every_s
        while not stop.is_set():
            self._simulate()
            self._tell_truth()
            self._send()
            self._pool.poll(0.0 if self._behind else _TICK_S)
            if now_and_then is not None and time.monotonic() >= again:
                again = time.monotonic() + every_s
                now_and_then()

    def close(self) -> None:
        """Say goodbye for every appliance and leave the broker."""
        for uplink in self._uplinks:
            uplink.goodbye()
        self._pool.close()

    def summary(self) -> dict[str, Any]:
        """Return the figures of the run, for people and programs."""
        totals = {
            name: sum(getattr(delivery, name) for delivery in self.deliveries.values())
            for name in ("kept", "settled", "resent", "given_up")
        }
        figures = asdict(self.figures)
        figures["behind_s"] = round(figures["behind_s"], 2)
        return (
            figures
            | totals
            | {
                "connected": self.connected,
                "connections": self._pool.connected,
                "connect_s": None if self._pool.whole_s is None else round(self._pool.whole_s, 2),
                "reconnections": self._pool.reconnections,
            }
        )

    @property
    def connected(self) -> int:
        """How many appliances are connected."""
        return sum(len(uplink.devices) for uplink in self._uplinks if uplink.link.connected)

    def _simulate(self) -> None:
        now = self._clock.now_us()
        target = min(now, self.fleet.time_us + _MOST_AT_ONCE_US)
        batches, reports = self.fleet.advance(target)
        for batch in batches:
            for device, time_us, values, _ in readings(batch, self._catalogue.get_type(batch.type)):
                self.deliveries[device].take(time_us // 1000, values_json(values))
                self._busy.add(self._links[device])
                self.figures.samples += 1
        for report in reports:
            self._keep_event(report)
        self._look_at_pace(now - target)

    def _look_at_pace(self, missing_us: int) -> None:
        """Say so when the fleet cannot follow the clock, or when receipts stay away until buffers fill."""
        behind_s = self._clock.sleep_s(missing_us / 1e6)
        self._behind = missing_us > 0
        self.figures.behind_s = max(self.figures.behind_s, behind_s)
        now = time.monotonic()
        if now - self._warned_at < _WARN_EVERY_S or now < self._look_at:
            return
        if behind_s > _LATE_S:
            self._warned_at = now
            _log.warning("fleet.behind", real_seconds=round(behind_s, 1), hint="lower the rate in ZD_CLOCK")
        full = [device for device, one in self.deliveries.items() if one.kept > 0.8 * one.limit]
        given_up = sum(one.given_up for one in self.deliveries.values())
        if full and (given_up > self._full_warned or not self._full_warned):
            self._warned_at, self._full_warned = now, max(given_up, 1)
            _log.warning("fleet.receipts_missing", appliances=len(full), first=full[0], given_up=given_up)

    def _keep_event(self, report: Reported) -> None:
        topic = mqtt_topic(report.device, report.happening.kind)
        uplink = self._links[report.device]
        uplink.keep_event(report.device, topic, event_json(report))
        self._busy.add(uplink)
        self.figures.events += 1

    def _ready(self, device: str) -> None:
        """Note that a device is connected (again): it is told its faults, and sends what it has kept."""
        self._told.pop(device, None)
        self._untold.add(device)
        self._busy.add(self._links[device])

    def _send(self) -> None:
        """Let those send that have something; now and then all, since receipts may be overdue."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY_S
            self._busy.update(self._uplinks)
        for uplink in self._busy:
            uplink.send(now)
        self._busy = {uplink for uplink in self._busy if uplink.link.connected and uplink.waits}

    def _tell_truth(self) -> None:
        """Publish, and note in the truth file, which faults each appliance has, whenever that changes."""
        active = self.fleet.active_faults()
        changed = False
        if active != self._active:
            self._untold.update(active, self._active)
            self._active = active
        untold, self._untold = self._untold, set()
        for device in untold:
            uplink = self._links[device]
            faults = sorted(set(active.get(device, [])))
            if uplink.link.connected and self._told.get(device) != faults:
                self._told[device] = faults
                uplink.publish(f"zdsim/v1/{device}/truth", msgspec.json.encode(faults), retain=True)
                changed = True
        if changed and self._truth is not None:
            self._truth.note(self.fleet)

    def _heard(self, device: str, topic: str, payload: bytes) -> None:
        if topic == mqtt_topic(device, "stored"):
            self._receipt(device, payload)
        elif topic == mqtt_topic(device, "command"):
            answer = self._desk.handle(device, payload, self._clock.now())
            if answer is None:
                _log.warning("command.unreadable", device=device, payload=payload[:200])
                return
            self.figures.commands += 1
            reply = {
                "id": answer[0],
                "ts": self._clock.now_us() // 1000,
                "outcome": answer[1].outcome,
                "reason": answer[1].reason,
            }
            self._links[device].publish(mqtt_topic(device, "reply"), msgspec.json.encode(reply))
        else:
            self._order(device, payload)

    def _receipt(self, device: str, payload: bytes) -> None:
        try:
            receipt = msgspec.json.decode(payload, type=StoredPayload)
        except msgspec.DecodeError:
            _log.warning("receipt.unreadable", device=device, payload=payload[:200])
            return
        self.figures.receipts += 1
        self.deliveries[device].stored(receipt.boot, receipt.through)

    def _order(self, device: str, payload: bytes) -> None:
        """Begin or end a fault, as somebody at the appliance would."""
        try:
            order = msgspec.json.decode(payload, type=FaultOrder)
            if order.action == "clear":
                self.fleet.clear_fault(device, order.fault or None)
            elif order.action == "start" and order.fault:
                self.fleet.start_fault(
                    device,
                    order.fault,
                    order.severity,
                    growth=order.growth,
                    hours=order.hours,
                    persistent=order.persistent,
                )
            else:
                raise msgspec.ValidationError("action must be start (with a fault) or clear")
        except (msgspec.DecodeError, ZeroDistanceError) as error:
            _log.warning("fault_order.refused", device=device, reason=str(error))
            return
        _log.info("fault_order", device=device, action=order.action, fault=order.fault)
        self._told.pop(device, None)
        self._untold.add(device)
        if self._truth is not None:
            self._truth.note(self.fleet)
