"""Units of recorded series, converted to those of the catalogue."""

from __future__ import annotations

from zerodistance.errors import SettingsError

# unit → (quantity, factor, offset): value in the quantity's base unit = value · factor + offset
_UNITS: dict[str, tuple[str, float, float]] = {
    "°C": ("temperature", 1.0, 0.0),
    "degC": ("temperature", 1.0, 0.0),
    "°F": ("temperature", 5.0 / 9.0, -160.0 / 9.0),
    "degF": ("temperature", 5.0 / 9.0, -160.0 / 9.0),
    "K": ("temperature", 1.0, -273.15),
    "W": ("power", 1.0, 0.0),
    "kW": ("power", 1000.0, 0.0),
    "mW": ("power", 0.001, 0.0),
    "BTU/h": ("power", 0.29307107, 0.0),
    "kWh": ("energy", 1.0, 0.0),
    "Wh": ("energy", 0.001, 0.0),
    "MWh": ("energy", 1000.0, 0.0),
    "J": ("energy", 1.0 / 3.6e6, 0.0),
    "kJ": ("energy", 1.0 / 3600.0, 0.0),
    "MJ": ("energy", 1.0 / 3.6, 0.0),
    "%": ("share", 1.0, 0.0),
    "1": ("share", 100.0, 0.0),
    "µg/m³": ("dust", 1.0, 0.0),
    "ug/m3": ("dust", 1.0, 0.0),
    "mg/m³": ("dust", 1000.0, 0.0),
    "ppm": ("parts", 1.0, 0.0),
    "ppb": ("parts", 0.001, 0.0),
    "km": ("distance", 1.0, 0.0),
    "m": ("distance", 0.001, 0.0),
    "mi": ("distance", 1.609344, 0.0),
}


def converter(given: str, wanted: str) -> tuple[float, float]:
    """Return (factor, offset) that turn a value in ``given`` into one in ``wanted``.

    Raises:
        SettingsError: the units are not of one quantity, or not known.

    >>> factor, offset = converter("degF", "°C")
    >>> round(212 * factor + offset, 6)
    100.0
    >>> converter("Wh", "kWh")
    (0.001, 0.0)
    """
    if given in ("", wanted):
        return 1.0, 0.0
    here, there = _UNITS.get(given), _UNITS.get(wanted)
    if here is None or there is None or here[0] != there[0]:
        fitting = [name for name, unit in _UNITS.items() if there is not None and unit[0] == there[0]]
        raise SettingsError(
            f"{given!r} cannot be converted to {wanted or 'a number without unit'!r}: "
            f"use {', '.join(fitting) or 'the same unit'}."
        )
    return here[1] / there[1], (here[2] - there[2]) / there[1]


def seconds_of(text: str) -> float:
    """Return the seconds of a duration such as ``30s``, ``5min``, ``1h`` or ``2d``.

    Raises:
        SettingsError: for anything else.

    >>> seconds_of("1h"), seconds_of("90")
    (3600.0, 90.0)
    """
    lengths = {"": 1.0, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
    number = text.strip().rstrip("abcdefghijklmnopqrstuvwxyz ")
    try:
        seconds = float(number) * lengths[text.strip()[len(number) :].strip()]
    except (ValueError, KeyError):
        seconds = 0.0
    if not 0.0 < seconds < float("inf"):
        raise SettingsError(f"{text!r} is not a duration: write it as 30s, 5min, 1h or 2d.")
    return seconds
