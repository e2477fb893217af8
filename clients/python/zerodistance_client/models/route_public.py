from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.leg_public import LegPublic


T = TypeVar("T", bound="RoutePublic")


@_attrs_define
class RoutePublic:
    """One engineer's day.

    Attributes:
        engineer (str):
        km (float):
        legs (list[LegPublic]):
    """

    engineer: str
    km: float
    legs: list[LegPublic]

    def to_dict(self) -> dict[str, Any]:
        engineer = self.engineer

        km = self.km

        legs = []
        for legs_item_data in self.legs:
            legs_item = legs_item_data.to_dict()
            legs.append(legs_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "engineer": engineer,
                "km": km,
                "legs": legs,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.leg_public import LegPublic  # noqa: PLC0415

        d = dict(src_dict)
        engineer = d.pop("engineer")

        km = d.pop("km")

        legs = []
        _legs = d.pop("legs")
        for legs_item_data in _legs:
            legs_item = LegPublic.from_dict(legs_item_data)

            legs.append(legs_item)

        route_public = cls(
            engineer=engineer,
            km=km,
            legs=legs,
        )

        return route_public
