from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="CyclePublic")


@_attrs_define
class CyclePublic:
    """A programme as it was run; null where the appliance did not tell.

    ``minutes``: how long; ``litres`` of water and ``kwh`` of electricity that it took; ``intensity``,
    ``temperature`` (°C) and ``spin`` (rpm) as its owner set them; ``completed``: it ran to its end.

        Attributes:
            completed (bool):
            ended_at (datetime.datetime):
            intensity (str):
            kwh (float | None):
            litres (float | None):
            minutes (float | None):
            programme (str):
            spin (float | None):
            temperature (float | None):
    """

    completed: bool
    ended_at: datetime.datetime
    intensity: str
    kwh: float | None
    litres: float | None
    minutes: float | None
    programme: str
    spin: float | None
    temperature: float | None

    def to_dict(self) -> dict[str, Any]:
        completed = self.completed

        ended_at = self.ended_at.isoformat()

        intensity = self.intensity

        kwh: float | None
        kwh = self.kwh

        litres: float | None
        litres = self.litres

        minutes: float | None
        minutes = self.minutes

        programme = self.programme

        spin: float | None
        spin = self.spin

        temperature: float | None
        temperature = self.temperature

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "completed": completed,
                "ended_at": ended_at,
                "intensity": intensity,
                "kwh": kwh,
                "litres": litres,
                "minutes": minutes,
                "programme": programme,
                "spin": spin,
                "temperature": temperature,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        completed = d.pop("completed")

        ended_at = datetime.datetime.fromisoformat(d.pop("ended_at"))

        intensity = d.pop("intensity")

        def _parse_kwh(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        kwh = _parse_kwh(d.pop("kwh"))

        def _parse_litres(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        litres = _parse_litres(d.pop("litres"))

        def _parse_minutes(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        minutes = _parse_minutes(d.pop("minutes"))

        programme = d.pop("programme")

        def _parse_spin(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        spin = _parse_spin(d.pop("spin"))

        def _parse_temperature(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        temperature = _parse_temperature(d.pop("temperature"))

        cycle_public = cls(
            completed=completed,
            ended_at=ended_at,
            intensity=intensity,
            kwh=kwh,
            litres=litres,
            minutes=minutes,
            programme=programme,
            spin=spin,
            temperature=temperature,
        )

        return cycle_public
