from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.route_public import RoutePublic


T = TypeVar("T", bound="DayPlanPublic")


@_attrs_define
class DayPlanPublic:
    """Everybody's day, and tickets that nobody can come to on it.

    Attributes:
        day (datetime.date):
        left_out (list[str]):
        routes (list[RoutePublic]):
    """

    day: datetime.date
    left_out: list[str]
    routes: list[RoutePublic]

    def to_dict(self) -> dict[str, Any]:
        day = self.day.isoformat()

        left_out = self.left_out

        routes = []
        for routes_item_data in self.routes:
            routes_item = routes_item_data.to_dict()
            routes.append(routes_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "day": day,
                "left_out": left_out,
                "routes": routes,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.route_public import RoutePublic  # noqa: PLC0415

        d = dict(src_dict)
        day = datetime.date.fromisoformat(d.pop("day"))

        left_out = cast(list[str], d.pop("left_out"))

        routes = []
        _routes = d.pop("routes")
        for routes_item_data in _routes:
            routes_item = RoutePublic.from_dict(routes_item_data)

            routes.append(routes_item)

        day_plan_public = cls(
            day=day,
            left_out=left_out,
            routes=routes,
        )

        return day_plan_public
