"""Distances without a map. Pure."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import NamedTuple

from services.policy import DispatchRule

_EARTH_KM = 6371.0088  # mean radius, IUGG


class Place(NamedTuple):
    """A place on earth, in degrees (WGS 84)."""

    latitude: float
    longitude: float


def haversine_km(one: Place, other: Place) -> float:
    """Return the distance as the crow flies (R. W. Sinnott, Virtues of the haversine, 1984).

    >>> round(haversine_km(Place(36.07, 120.38), Place(36.67, 117.02)))  # Qingdao to Jinan
    308
    """
    lat1, lat2 = math.radians(one.latitude), math.radians(other.latitude)
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(other.longitude - one.longitude) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(min(math.sqrt(half), 1.0))


def road_km(one: Place | None, other: Place | None, rule: DispatchRule) -> float:
    """Return the distance by road as policy estimates it; a usual one where a place is not known."""
    if one is None or other is None:
        return rule.km_without_place
    return haversine_km(one, other) * rule.detour


def travel(one: Place | None, other: Place | None, rule: DispatchRule) -> timedelta:
    """Return how long an engineer is under way."""
    return timedelta(hours=road_km(one, other, rule) / rule.speed_km_h)
