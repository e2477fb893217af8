from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="InspectionLine")


@_attrs_define
class InspectionLine:
    """A measurement in the list over all appliances.

    Attributes:
        actor (str):
        device_id (str):
        device_name (str):
        high (float | None):
        id (str):
        low (float | None):
        note (str):
        quantity (str):
        ticket_id (None | str):
        ticket_number (int | None):
        time (datetime.datetime):
        type_ (str):
        unit (str):
        value (float | None):
    """

    actor: str
    device_id: str
    device_name: str
    high: float | None
    id: str
    low: float | None
    note: str
    quantity: str
    ticket_id: None | str
    ticket_number: int | None
    time: datetime.datetime
    type_: str
    unit: str
    value: float | None

    def to_dict(self) -> dict[str, Any]:
        actor = self.actor

        device_id = self.device_id

        device_name = self.device_name

        high: float | None
        high = self.high

        id = self.id

        low: float | None
        low = self.low

        note = self.note

        quantity = self.quantity

        ticket_id: None | str
        ticket_id = self.ticket_id

        ticket_number: int | None
        ticket_number = self.ticket_number

        time = self.time.isoformat()

        type_ = self.type_

        unit = self.unit

        value: float | None
        value = self.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "actor": actor,
                "device_id": device_id,
                "device_name": device_name,
                "high": high,
                "id": id,
                "low": low,
                "note": note,
                "quantity": quantity,
                "ticket_id": ticket_id,
                "ticket_number": ticket_number,
                "time": time,
                "type": type_,
                "unit": unit,
                "value": value,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        actor = d.pop("actor")

        device_id = d.pop("device_id")

        device_name = d.pop("device_name")

        def _parse_high(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        high = _parse_high(d.pop("high"))

        id = d.pop("id")

        def _parse_low(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        low = _parse_low(d.pop("low"))

        note = d.pop("note")

        quantity = d.pop("quantity")

        def _parse_ticket_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        ticket_id = _parse_ticket_id(d.pop("ticket_id"))

        def _parse_ticket_number(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        ticket_number = _parse_ticket_number(d.pop("ticket_number"))

        time = datetime.datetime.fromisoformat(d.pop("time"))

        type_ = d.pop("type")

        unit = d.pop("unit")

        def _parse_value(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        value = _parse_value(d.pop("value"))

        inspection_line = cls(
            actor=actor,
            device_id=device_id,
            device_name=device_name,
            high=high,
            id=id,
            low=low,
            note=note,
            quantity=quantity,
            ticket_id=ticket_id,
            ticket_number=ticket_number,
            time=time,
            type_=type_,
            unit=unit,
            value=value,
        )

        return inspection_line
