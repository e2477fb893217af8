from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.similar_ticket import SimilarTicket


T = TypeVar("T", bound="SimilarPublic")


@_attrs_define
class SimilarPublic:
    """What became of earlier tickets of one cause: how many, how often it was right, and the latest.

    Attributes:
        confirmed (int): of them, those whose cause was there
        counted (int): finished tickets of this cause among the latest ones looked at
        items (list[SimilarTicket]):
        minutes (float | None): at work, median of the repairs
    """

    confirmed: int
    counted: int
    items: list[SimilarTicket]
    minutes: float | None

    def to_dict(self) -> dict[str, Any]:
        confirmed = self.confirmed

        counted = self.counted

        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        minutes: float | None
        minutes = self.minutes

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "confirmed": confirmed,
                "counted": counted,
                "items": items,
                "minutes": minutes,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.similar_ticket import SimilarTicket  # noqa: PLC0415

        d = dict(src_dict)
        confirmed = d.pop("confirmed")

        counted = d.pop("counted")

        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = SimilarTicket.from_dict(items_item_data)

            items.append(items_item)

        def _parse_minutes(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        minutes = _parse_minutes(d.pop("minutes"))

        similar_public = cls(
            confirmed=confirmed,
            counted=counted,
            items=items,
            minutes=minutes,
        )

        return similar_public
