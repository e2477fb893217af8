from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="ReportPublic")


@_attrs_define
class ReportPublic:
    """The ticket that an owner's report opened or joined.

    Attributes:
        number (int):
        ticket (str):
    """

    number: int
    ticket: str

    def to_dict(self) -> dict[str, Any]:
        number = self.number

        ticket = self.ticket

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "number": number,
                "ticket": ticket,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        number = d.pop("number")

        ticket = d.pop("ticket")

        report_public = cls(
            number=number,
            ticket=ticket,
        )

        return report_public
