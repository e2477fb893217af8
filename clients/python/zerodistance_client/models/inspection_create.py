from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.inspection_create_urgency import (
    InspectionCreateUrgency,
    check_inspection_create_urgency,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="InspectionCreate")


@_attrs_define
class InspectionCreate:
    """What a technician measured; outside ``low`` to ``high`` it opens a ticket where there is none.

    Attributes:
        quantity (str):
        cause (str | Unset):  Default: 'unknown'.
        high (float | None | Unset):
        low (float | None | Unset):
        note (str | Unset):  Default: ''.
        unit (str | Unset):  Default: ''.
        urgency (InspectionCreateUrgency | Unset):  Default: 'soon'.
        value (float | None | Unset):
    """

    quantity: str
    cause: str | Unset = "unknown"
    high: float | None | Unset = UNSET
    low: float | None | Unset = UNSET
    note: str | Unset = ""
    unit: str | Unset = ""
    urgency: InspectionCreateUrgency | Unset = "soon"
    value: float | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        quantity = self.quantity

        cause = self.cause

        high: float | None | Unset
        if isinstance(self.high, Unset):
            high = UNSET
        else:
            high = self.high

        low: float | None | Unset
        if isinstance(self.low, Unset):
            low = UNSET
        else:
            low = self.low

        note = self.note

        unit = self.unit

        urgency: str | Unset = UNSET
        if not isinstance(self.urgency, Unset):
            urgency = self.urgency

        value: float | None | Unset
        if isinstance(self.value, Unset):
            value = UNSET
        else:
            value = self.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "quantity": quantity,
            }
        )
        if cause is not UNSET:
            field_dict["cause"] = cause
        if high is not UNSET:
            field_dict["high"] = high
        if low is not UNSET:
            field_dict["low"] = low
        if note is not UNSET:
            field_dict["note"] = note
        if unit is not UNSET:
            field_dict["unit"] = unit
        if urgency is not UNSET:
            field_dict["urgency"] = urgency
        if value is not UNSET:
            field_dict["value"] = value

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        quantity = d.pop("quantity")

        cause = d.pop("cause", UNSET)

        def _parse_high(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        high = _parse_high(d.pop("high", UNSET))

        def _parse_low(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        low = _parse_low(d.pop("low", UNSET))

        note = d.pop("note", UNSET)

        unit = d.pop("unit", UNSET)

        _urgency = d.pop("urgency", UNSET)
        urgency: InspectionCreateUrgency | Unset
        if isinstance(_urgency, Unset):
            urgency = UNSET
        else:
            urgency = check_inspection_create_urgency(_urgency)

        def _parse_value(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        value = _parse_value(d.pop("value", UNSET))

        inspection_create = cls(
            quantity=quantity,
            cause=cause,
            high=high,
            low=low,
            note=note,
            unit=unit,
            urgency=urgency,
            value=value,
        )

        return inspection_create
