from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.channel_public_title import ChannelPublicTitle


T = TypeVar("T", bound="ChannelPublic")


@_attrs_define
class ChannelPublic:
    """What a reading means.

    Attributes:
        normal (list[float] | None):
        title (ChannelPublicTitle):
        unit (str):
    """

    normal: list[float] | None
    title: ChannelPublicTitle
    unit: str

    def to_dict(self) -> dict[str, Any]:
        normal: list[float] | None
        if isinstance(self.normal, list):
            normal = []
            for normal_type_0_item_data in self.normal:
                normal_type_0_item: float
                normal_type_0_item = normal_type_0_item_data
                normal.append(normal_type_0_item)

        else:
            normal = self.normal

        title = self.title.to_dict()

        unit = self.unit

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "normal": normal,
                "title": title,
                "unit": unit,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.channel_public_title import ChannelPublicTitle  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_normal(data: object) -> list[float] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                normal_type_0 = []
                _normal_type_0 = data
                for normal_type_0_item_data in _normal_type_0:

                    def _parse_normal_type_0_item(data: object) -> float:
                        return cast(float, data)

                    normal_type_0_item = _parse_normal_type_0_item(normal_type_0_item_data)

                    normal_type_0.append(normal_type_0_item)

                return normal_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[float] | None, data)

        normal = _parse_normal(d.pop("normal"))

        title = ChannelPublicTitle.from_dict(d.pop("title"))

        unit = d.pop("unit")

        channel_public = cls(
            normal=normal,
            title=title,
            unit=unit,
        )

        return channel_public
