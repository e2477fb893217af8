from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..models.board_left_urgency import BoardLeftUrgency, check_board_left_urgency

if TYPE_CHECKING:
    from ..models.board_left_cause_title import BoardLeftCauseTitle


T = TypeVar("T", bound="BoardLeft")


@_attrs_define
class BoardLeft:
    """A ticket that waits for a visit and has no place in the day.

    Attributes:
        cause_title (BoardLeftCauseTitle):
        device_name (str):
        number (int):
        ticket (str):
        urgency (BoardLeftUrgency):
    """

    cause_title: BoardLeftCauseTitle
    device_name: str
    number: int
    ticket: str
    urgency: BoardLeftUrgency

    def to_dict(self) -> dict[str, Any]:
        cause_title = self.cause_title.to_dict()

        device_name = self.device_name

        number = self.number

        ticket = self.ticket

        urgency: str = self.urgency

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "cause_title": cause_title,
                "device_name": device_name,
                "number": number,
                "ticket": ticket,
                "urgency": urgency,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.board_left_cause_title import BoardLeftCauseTitle  # noqa: PLC0415

        d = dict(src_dict)
        cause_title = BoardLeftCauseTitle.from_dict(d.pop("cause_title"))

        device_name = d.pop("device_name")

        number = d.pop("number")

        ticket = d.pop("ticket")

        urgency = check_board_left_urgency(d.pop("urgency"))

        board_left = cls(
            cause_title=cause_title,
            device_name=device_name,
            number=number,
            ticket=ticket,
            urgency=urgency,
        )

        return board_left
