from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="LegPublic")


@_attrs_define
class LegPublic:
    """A visit of a day's plan: kilometres to it, arrival, begin and end.

    Attributes:
        arrive (datetime.datetime):
        begin (datetime.datetime):
        km (float):
        leave (datetime.datetime):
        ticket (str):
    """

    arrive: datetime.datetime
    begin: datetime.datetime
    km: float
    leave: datetime.datetime
    ticket: str

    def to_dict(self) -> dict[str, Any]:
        arrive = self.arrive.isoformat()

        begin = self.begin.isoformat()

        km = self.km

        leave = self.leave.isoformat()

        ticket = self.ticket

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "arrive": arrive,
                "begin": begin,
                "km": km,
                "leave": leave,
                "ticket": ticket,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        arrive = datetime.datetime.fromisoformat(d.pop("arrive"))

        begin = datetime.datetime.fromisoformat(d.pop("begin"))

        km = d.pop("km")

        leave = datetime.datetime.fromisoformat(d.pop("leave"))

        ticket = d.pop("ticket")

        leg_public = cls(
            arrive=arrive,
            begin=begin,
            km=km,
            leave=leave,
            ticket=ticket,
        )

        return leg_public
