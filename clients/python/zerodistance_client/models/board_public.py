from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.board_left import BoardLeft
    from ..models.board_route import BoardRoute


T = TypeVar("T", bound="BoardPublic")


@_attrs_define
class BoardPublic:
    """Everybody's day, and the tickets that nobody can come to on it.

    Attributes:
        day (datetime.date):
        left_out (list[BoardLeft]):
        routes (list[BoardRoute]):
    """

    day: datetime.date
    left_out: list[BoardLeft]
    routes: list[BoardRoute]

    def to_dict(self) -> dict[str, Any]:
        day = self.day.isoformat()

        left_out = []
        for left_out_item_data in self.left_out:
            left_out_item = left_out_item_data.to_dict()
            left_out.append(left_out_item)

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
        from ..models.board_left import BoardLeft  # noqa: PLC0415
        from ..models.board_route import BoardRoute  # noqa: PLC0415

        d = dict(src_dict)
        day = datetime.date.fromisoformat(d.pop("day"))

        left_out = []
        _left_out = d.pop("left_out")
        for left_out_item_data in _left_out:
            left_out_item = BoardLeft.from_dict(left_out_item_data)

            left_out.append(left_out_item)

        routes = []
        _routes = d.pop("routes")
        for routes_item_data in _routes:
            routes_item = BoardRoute.from_dict(routes_item_data)

            routes.append(routes_item)

        board_public = cls(
            day=day,
            left_out=left_out,
            routes=routes,
        )

        return board_public
