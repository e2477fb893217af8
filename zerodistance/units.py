"""Units as Home Assistant writes them, and from one to the other."""

from __future__ import annotations

from typing import NamedTuple


class _Unit(NamedTuple):
    """``value · scale + offset`` is the value in the quantity's first unit."""

    quantity: str
    scale: float = 1.0
    offset: float = 0.0


_UNITS = {
    "W": _Unit("power"),
    "kW": _Unit("power", 1e3),
    "MW": _Unit("power", 1e6),
    "mW": _Unit("power", 1e-3),
    "kWh": _Unit("energy"),
    "Wh": _Unit("energy", 1e-3),
    "MWh": _Unit("energy", 1e3),
    "Wmin": _Unit("energy", 1 / 60_000),
    "MJ": _Unit("energy", 1 / 3.6),
    "°C": _Unit("temperature"),
    "°F": _Unit("temperature", 5 / 9, -160 / 9),
    "K": _Unit("temperature", 1.0, -273.15),
    "%": _Unit("share"),
    "V": _Unit("voltage"),
    "mV": _Unit("voltage", 1e-3),
    "A": _Unit("current"),
    "mA": _Unit("current", 1e-3),
    "VA": _Unit("apparent_power"),
    "Hz": _Unit("frequency"),
    "L": _Unit("volume"),
    "mL": _Unit("volume", 1e-3),
    "m³": _Unit("volume", 1e3),
    "gal": _Unit("volume", 3.785411784),
    "L/min": _Unit("flow"),
    "L/h": _Unit("flow", 1 / 60),
    "L/s": _Unit("flow", 60.0),
    "m³/h": _Unit("flow", 1000 / 60),
    "kPa": _Unit("pressure"),
    "Pa": _Unit("pressure", 1e-3),
    "hPa": _Unit("pressure", 0.1),
    "mbar": _Unit("pressure", 0.1),
    "bar": _Unit("pressure", 100.0),
    "psi": _Unit("pressure", 6.894757293),
    "km": _Unit("length", 1e3),
    "m": _Unit("length"),
    "cm": _Unit("length", 1e-2),
    "mm": _Unit("length", 1e-3),
    "s": _Unit("time"),
    "min": _Unit("time", 60.0),
    "h": _Unit("time", 3600.0),
    "d": _Unit("time", 86_400.0),
    "ppm": _Unit("parts"),
    "ppb": _Unit("parts", 1e-3),
    "µg/m³": _Unit("concentration", 1e-3),
    "mg/m³": _Unit("concentration"),
    "mg/L": _Unit("mass_by_volume"),
    "rpm": _Unit("speed_of_rotation"),
    "mm/s": _Unit("speed", 1e-3),
    "m/s": _Unit("speed"),
}
# The same unit as others spell it: the micro sign and the Greek letter, old Home Assistant, ASCII.
_SPELLINGS = {
    "C": "°C",
    "F": "°F",
    "degC": "°C",
    "degF": "°F",
    "Celsius": "°C",
    "l": "L",
    "l/min": "L/min",
    "m3": "m³",
    "m3/h": "m³/h",
    "μg/m³": "µg/m³",
    "ug/m3": "µg/m³",
    "µg/m3": "µg/m³",
    "mg/l": "mg/L",
    "watt": "W",
    "Watt": "W",
    "w": "W",
    "kw": "kW",
    "kwh": "kWh",
    "wh": "Wh",
    "KWh": "kWh",
    "percent": "%",
    "RPM": "rpm",
}
_CLASSES = {
    "power": "power",
    "energy": "energy",
    "temperature": "temperature",
    "voltage": "voltage",
    "current": "current",
    "apparent_power": "apparent_power",
    "frequency": "frequency",
    "volume": "water",
    "flow": "volume_flow_rate",
    "pressure": "pressure",
}


def convert(value: float, unit: str, wanted: str) -> float | None:
    """Return ``value`` of ``unit`` in ``wanted``, None if they measure different things.

    >>> convert(1234.0, "Wh", "kWh"), convert(212.0, "°F", "°C"), convert(1.0, "W", "kWh") is None
    (1.234, 100.0, True)
    """
    unit, wanted = _SPELLINGS.get(unit, unit), _SPELLINGS.get(wanted, wanted)
    if unit == wanted:
        return value
    source, target = _UNITS.get(unit), _UNITS.get(wanted)
    if source is None or target is None or source.quantity != target.quantity:
        return None
    # Rounded because 4.1 °C must not become 4.100000000000001; twelve digits are more than any sensor has.
    return float(f"{((value * source.scale + source.offset) - target.offset) / target.scale:.12g}")


def is_convertible(unit: str, wanted: str) -> bool:
    """Return whether :func:`convert` knows a way."""
    return convert(0.0, unit, wanted) is not None


def class_of_unit(unit: str) -> str:
    """Return the device class that a unit gives away, "" if it could be several things.

    >>> class_of_unit("kW"), class_of_unit("%")
    ('power', '')
    """
    known = _UNITS.get(_SPELLINGS.get(unit, unit))
    return "" if known is None else _CLASSES.get(known.quantity, "")
