from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="GetHistoryResponse200ColumnsItem")


@_attrs_define
class GetHistoryResponse200ColumnsItem:
    """
    Attributes:
        aggregate (str | Unset):
        channel (str | Unset):
        name (str | Unset):
        unit (str | Unset):
    """

    aggregate: str | Unset = UNSET
    channel: str | Unset = UNSET
    name: str | Unset = UNSET
    unit: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        aggregate = self.aggregate

        channel = self.channel

        name = self.name

        unit = self.unit

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if aggregate is not UNSET:
            field_dict["aggregate"] = aggregate
        if channel is not UNSET:
            field_dict["channel"] = channel
        if name is not UNSET:
            field_dict["name"] = name
        if unit is not UNSET:
            field_dict["unit"] = unit

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        aggregate = d.pop("aggregate", UNSET)

        channel = d.pop("channel", UNSET)

        name = d.pop("name", UNSET)

        unit = d.pop("unit", UNSET)

        get_history_response_200_columns_item = cls(
            aggregate=aggregate,
            channel=channel,
            name=name,
            unit=unit,
        )

        get_history_response_200_columns_item.additional_properties = d
        return get_history_response_200_columns_item

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
