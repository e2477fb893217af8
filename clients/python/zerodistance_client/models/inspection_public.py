from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="InspectionPublic")


@_attrs_define
class InspectionPublic:
    """A measurement as it is kept: a row of the table ``inspection``.

    Attributes:
        actor (str):
        high (float | None):
        id (str):
        low (float | None):
        note (str):
        quantity (str):
        ticket_id (None | str):
        time (datetime.datetime):
        unit (str):
        value (float | None):
    """

    actor: str
    high: float | None
    id: str
    low: float | None
    note: str
    quantity: str
    ticket_id: None | str
    time: datetime.datetime
    unit: str
    value: float | None

    def to_dict(self) -> dict[str, Any]:
        actor = self.actor

        high: float | None
        high = self.high

        id = self.id

        low: float | None
        low = self.low

        note = self.note

        quantity = self.quantity

        ticket_id: None | str
        ticket_id = self.ticket_id

        time = self.time.isoformat()

        unit = self.unit

        value: float | None
        value = self.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "actor": actor,
                "high": high,
                "id": id,
                "low": low,
                "note": note,
                "quantity": quantity,
                "ticket_id": ticket_id,
                "time": time,
                "unit": unit,
                "value": value,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        actor = d.pop("actor")

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

        time = datetime.datetime.fromisoformat(d.pop("time"))

        unit = d.pop("unit")

        def _parse_value(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        value = _parse_value(d.pop("value"))

        inspection_public = cls(
            actor=actor,
            high=high,
            id=id,
            low=low,
            note=note,
            quantity=quantity,
            ticket_id=ticket_id,
            time=time,
            unit=unit,
            value=value,
        )

        return inspection_public
