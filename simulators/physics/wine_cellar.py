"""A wine cabinet with one zone: fan-blown evaporator above 0 °C most of the time, moist air.

Model: :class:`~simulators.physics.cold_box.ColdBox` with water vapour: it comes in through the door and
from a water tray, condenses on the coil while that is colder than the dew point, and evaporates from the
wet coil while the compressor rests, which keeps the corks moist. Below 0 °C the condensate is frost that
melts in each rest.

Magnitudes: 8–19 °C, 50–75 % relative humidity (issue figures; IEC 62552-1: wine storage 5–20 °C), 100–200
kWh a year as on European labels of some 40–60 bottles (Regulation (EU) 2019/2016). Conductances and
capacities are engineering estimates; a bottle of 0.75 L holds about 3.5 kJ/K.

Faults at severity 1: ``door_ajar`` +3–7 K in the cabinet's air in an hour or two and humidity up;
``compressor_failed`` no compressor power, some 2–4 K in six hours; ``circulation_fan_stopped`` natural
convection moves 4–5 % of the coil's cold: coil far below 0 °C, watts down, cabinet up in hours;
``refrigerant_leak`` most of the charge (NREL's law up to 30 %); ``gasket_leak`` adds a third or more to the
running time and moisture; ``thermistor_open`` reads −127 °C and a clock runs the compressor half of the
time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from simulators.faults import FaultLaw, Severities
from simulators.households import HomeSpan
from simulators.physics.cold_box import (
    DOOR_ALARM_S,
    BoxFigures,
    ColdBox,
    code_changes,
)
from simulators.physics.contract import Array, Happening, Mask, Noise, around
from simulators.physics.psychrometrics import (
    AIR_J_PER_KG_K,
    VAPORISATION_J_PER_KG,
    relative_humidity,
    saturation,
)

_STANDING_FAN = 0.955  # share of the coil's conductance that a standing fan takes
_BLIND_S = 900.0
_BOTTLE_KG = 0.85  # of water, with the same heat as a bottle
_WINES = ("Riesling", "Pinot Noir", "Chardonnay", "Malbec", "Grüner Veltliner", "Syrah", "Cabernet")


class WineCellar(ColdBox):
    """Vectorised wine cabinets; see the module for the model."""

    __slots__ = ()

    TYPE: ClassVar[str] = "wine_cellar"
    COMPARTMENT: ClassVar[str] = "cabinet_temperature"
    BOX: ClassVar[BoxFigures] = BoxFigures(
        open_door=20.0,
        ajar=9.0,
        gasket=0.75,
        evaporating=1.0,
        rest=0.25,
        restart_s=240.0,
        leak_at_full=0.95,
        contents_per_opening=0.05,
        contents_per_shopping=_BOTTLE_KG,
    )
    NOISE: ClassVar[Mapping[str, Noise]] = {
        "cabinet_temperature": Noise(0.08, 0.15, 0.05),
        "humidity": Noise(0.8, 1.5, 0.5),
        "evaporator_temperature": Noise(0.15, 0.3, 0.05),
        "ambient_temperature": Noise(0.1, 0.3, 0.05),
        "power": Noise(0.5, 0.3, 0.1),
    }
    FAULTS: ClassVar[Mapping[str, FaultLaw]] = {
        "door_ajar": FaultLaw("step", 0.0, 0.3),
        "compressor_failed": FaultLaw("step", 0.0, 0.5),
        "circulation_fan_stopped": FaultLaw("step", 0.0, 0.8),
        "refrigerant_leak": FaultLaw("linear", 24.0 * 30, 0.9),
        "gasket_leak": FaultLaw("accelerating", 24.0 * 40, 1.1),
        "thermistor_open": FaultLaw("step", 0.0, 0.5),
    }

    @classmethod
    def create(cls, devices: int, rng: np.random.Generator, spread: float) -> WineCellar:
        """Draw and commission ``devices`` cabinets at 12 °C inside and 25 °C around."""

        def draw(mean: float, share: float = 1.0) -> Array:
            return around(rng, mean, devices, spread * share)

        set_point = rng.choice([8.0, 10.0, 12.0, 14.0, 16.0], devices, p=[0.1, 0.2, 0.4, 0.2, 0.1])
        ua = draw(1.4)
        capacity = (ua * 13.0 + 3.0) / draw(0.24, 0.5)
        parameters = {
            "ua": ua,
            "coil_w": capacity / draw(11.0, 0.5),
            "coil": draw(2.2e3),
            "capacity": capacity,
            "power": capacity / draw(1.75, 0.6),
            "fan": draw(4.0),
            "standby": draw(1.2),
            "air": draw(16e3),
            "contents": draw(140e3, 3.0),
            "contents_w": draw(6.5),
            "hysteresis": draw(1.1, 0.4),
            "openings_per_hour": draw(0.15, 4.0),
            "moisture": draw(0.5e-3, 1.5),  # kg/s per kg/kg below saturation: tray, corks, labels
        }
        zeros = np.zeros(devices)
        state = cls.box_state(set_point, set_point, rng)
        state |= {
            "vapour": 0.62 * saturation(set_point),
            "wet": np.full(devices, 0.002),  # kg of water or frost on the coil
            "flow": zeros + 1.0,
            "blind_s": zeros.copy(),
            "stored": zeros.copy(),
        }
        return cls(parameters, state)

    def inputs(self, homes: HomeSpan, rng: np.random.Generator) -> dict[str, Array]:
        """Draw door openings; one time of shopping in four brings a bottle."""
        row = super().inputs(homes, rng)
        buys = homes.luck * 997.0 % 1.0 < 0.25
        row["shopping"] = row["shopping"] * buys
        row["put_in"] = row["put_in"] * (buys | (row["put_in"] < 0.2))
        row["open_s"] = np.where((homes.shopping > 0) & ~buys, 0.0, row["open_s"])
        row["door"] = np.where((homes.shopping > 0) & ~buys, 0.0, row["door"])
        row["wine"] = rng.integers(0, len(_WINES), homes.people.shape).astype(np.float64)
        return row

    @property
    def shopping_open(self) -> float:
        """A bottle is laid down within half of the time of putting shopping away."""
        return 0.5

    def coil_reach(self, severity: Severities) -> Array:
        """The fan makes the coil reach the cabinet."""
        flow: Array = 1.0 - _STANDING_FAN * np.minimum(severity["circulation_fan_stopped"], 1.0)
        self.state["flow"] = flow
        return flow

    def water(self, row: Mapping[str, Array], gap: Array, running: Mask, seconds: float) -> Array:
        """Vapour: in with air from the room and from the tray, out onto the coil and back from it."""
        p, s = self.parameters, self.state
        limit = saturation(s["cabinet"])
        tray = p["moisture"] * np.maximum(0.62 * limit - s["vapour"], 0.0)
        inward = (gap + 0.03) / AIR_J_PER_KG_K * (row["room_vapour"] - s["vapour"])
        stir = np.where(running, 1.0, 0.25) * s["flow"]
        exchange = stir * p["coil_w"] / AIR_J_PER_KG_K * (s["vapour"] - saturation(s["evaporator"]))
        # Only what is there evaporates; the rest of what condenses has run off.
        exchange = np.maximum(exchange, -s["wet"] / seconds)
        # The air holds half a kilogram, liner and labels some kilograms more: slow, and stable in a step.
        after = s["vapour"] + (tray + inward - exchange) * seconds / 6.0
        s["vapour"] = np.clip(after, 1e-4, limit)
        s["wet"] = np.clip(s["wet"] + exchange * seconds, 0.0, np.where(s["flow"] < 0.5, 0.5, 0.004))
        return VAPORISATION_J_PER_KG * exchange * running

    def blind(self, seconds: float) -> Mask:
        """A clock: a quarter of an hour on, a quarter off."""
        s = self.state
        s["blind_s"] = (s["blind_s"] + seconds) % (2 * _BLIND_S)
        on: Mask = s["blind_s"] < _BLIND_S
        return on

    def step(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        """Advance every cabinet by ``seconds``."""
        super().step(row, severity, seconds)
        s = self.state
        if "circulation_fan_stopped" in severity:
            stands = severity["circulation_fan_stopped"]
            s["power"] = s["power"] - np.where(s["power"] > 25.0, self.parameters["fan"] * stands, 0.0)
        for i in np.flatnonzero((row["shopping"] > 0) & (s["stored"] == 0)):
            bottle = {"label": _WINES[int(row["wine"][i])], "quantity": 1}
            self.happenings.append(Happening(0.0, int(i), "event", "bottle_stored", bottle))
        s["stored"] = row["shopping"].copy()
        code = "Refrigeration.Common.Event.Door.AlarmWineCompartment"
        self.happenings += code_changes(s, {"alarm_door": (code, s["ajar_s"] >= DOOR_ALARM_S)})

    def read(self) -> Mapping[str, Array]:
        """Return the true values of all channels."""
        s = self.state
        return {**super().read(), "humidity": relative_humidity(s["vapour"], s["cabinet"])}


PHYSICS = WineCellar
