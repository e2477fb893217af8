from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.filter_public_title import FilterPublicTitle


T = TypeVar("T", bound="FilterPublic")


@_attrs_define
class FilterPublic:
    """How long a filter lasts at the local water and this home's use.

    Attributes:
        litres_a_day (float):
        litres_left (float):
        part (str):
        replace_on (datetime.datetime | None):
        share_left (float):
        title (FilterPublicTitle):
    """

    litres_a_day: float
    litres_left: float
    part: str
    replace_on: datetime.datetime | None
    share_left: float
    title: FilterPublicTitle

    def to_dict(self) -> dict[str, Any]:
        litres_a_day = self.litres_a_day

        litres_left = self.litres_left

        part = self.part

        replace_on: None | str
        if isinstance(self.replace_on, datetime.datetime):
            replace_on = self.replace_on.isoformat()
        else:
            replace_on = self.replace_on

        share_left = self.share_left

        title = self.title.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "litres_a_day": litres_a_day,
                "litres_left": litres_left,
                "part": part,
                "replace_on": replace_on,
                "share_left": share_left,
                "title": title,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.filter_public_title import FilterPublicTitle  # noqa: PLC0415

        d = dict(src_dict)
        litres_a_day = d.pop("litres_a_day")

        litres_left = d.pop("litres_left")

        part = d.pop("part")

        def _parse_replace_on(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                replace_on_type_0 = datetime.datetime.fromisoformat(data)

                return replace_on_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        replace_on = _parse_replace_on(d.pop("replace_on"))

        share_left = d.pop("share_left")

        title = FilterPublicTitle.from_dict(d.pop("title"))

        filter_public = cls(
            litres_a_day=litres_a_day,
            litres_left=litres_left,
            part=part,
            replace_on=replace_on,
            share_left=share_left,
            title=title,
        )

        return filter_public
