from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="ItemPublic")


@_attrs_define
class ItemPublic:
    """Something in a refrigerator.

    Attributes:
        best_before (datetime.date | None):
        item (str):
        quantity (float):
    """

    best_before: datetime.date | None
    item: str
    quantity: float

    def to_dict(self) -> dict[str, Any]:
        best_before: None | str
        if isinstance(self.best_before, datetime.date):
            best_before = self.best_before.isoformat()
        else:
            best_before = self.best_before

        item = self.item

        quantity = self.quantity

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "best_before": best_before,
                "item": item,
                "quantity": quantity,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_best_before(data: object) -> datetime.date | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                best_before_type_0 = datetime.date.fromisoformat(data)

                return best_before_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None, data)

        best_before = _parse_best_before(d.pop("best_before"))

        item = d.pop("item")

        quantity = d.pop("quantity")

        item_public = cls(
            best_before=best_before,
            item=item,
            quantity=quantity,
        )

        return item_public
