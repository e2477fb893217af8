from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="EngineerFiguresPublic")


@_attrs_define
class EngineerFiguresPublic:
    """How an engineer is judged by owners and by what came after; null where nothing is known.

    ``visits``: tickets resolved; ``ratings``: how many of them were rated.

        Attributes:
            first_time_fix (float | None):
            id (str):
            minutes (float | None):
            name (str):
            ratings (int):
            satisfaction (float | None):
            sla_kept (float | None):
            visits (int):
    """

    first_time_fix: float | None
    id: str
    minutes: float | None
    name: str
    ratings: int
    satisfaction: float | None
    sla_kept: float | None
    visits: int

    def to_dict(self) -> dict[str, Any]:
        first_time_fix: float | None
        first_time_fix = self.first_time_fix

        id = self.id

        minutes: float | None
        minutes = self.minutes

        name = self.name

        ratings = self.ratings

        satisfaction: float | None
        satisfaction = self.satisfaction

        sla_kept: float | None
        sla_kept = self.sla_kept

        visits = self.visits

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "first_time_fix": first_time_fix,
                "id": id,
                "minutes": minutes,
                "name": name,
                "ratings": ratings,
                "satisfaction": satisfaction,
                "sla_kept": sla_kept,
                "visits": visits,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_first_time_fix(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        first_time_fix = _parse_first_time_fix(d.pop("first_time_fix"))

        id = d.pop("id")

        def _parse_minutes(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        minutes = _parse_minutes(d.pop("minutes"))

        name = d.pop("name")

        ratings = d.pop("ratings")

        def _parse_satisfaction(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        satisfaction = _parse_satisfaction(d.pop("satisfaction"))

        def _parse_sla_kept(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        sla_kept = _parse_sla_kept(d.pop("sla_kept"))

        visits = d.pop("visits")

        engineer_figures_public = cls(
            first_time_fix=first_time_fix,
            id=id,
            minutes=minutes,
            name=name,
            ratings=ratings,
            satisfaction=satisfaction,
            sla_kept=sla_kept,
            visits=visits,
        )

        return engineer_figures_public
