from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.board_leg import BoardLeg


T = TypeVar("T", bound="BoardRoute")


@_attrs_define
class BoardRoute:
    """One engineer's day, in the order of the visits.

    Attributes:
        engineer (str):
        km (float):
        legs (list[BoardLeg]):
        name (str):
        van (list[str]):
    """

    engineer: str
    km: float
    legs: list[BoardLeg]
    name: str
    van: list[str]

    def to_dict(self) -> dict[str, Any]:
        engineer = self.engineer

        km = self.km

        legs = []
        for legs_item_data in self.legs:
            legs_item = legs_item_data.to_dict()
            legs.append(legs_item)

        name = self.name

        van = self.van

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "engineer": engineer,
                "km": km,
                "legs": legs,
                "name": name,
                "van": van,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.board_leg import BoardLeg  # noqa: PLC0415

        d = dict(src_dict)
        engineer = d.pop("engineer")

        km = d.pop("km")

        legs = []
        _legs = d.pop("legs")
        for legs_item_data in _legs:
            legs_item = BoardLeg.from_dict(legs_item_data)

            legs.append(legs_item)

        name = d.pop("name")

        van = cast(list[str], d.pop("van"))

        board_route = cls(
            engineer=engineer,
            km=km,
            legs=legs,
            name=name,
            van=van,
        )

        return board_route
