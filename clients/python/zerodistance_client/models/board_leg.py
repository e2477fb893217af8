from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.board_leg_state import BoardLegState, check_board_leg_state
from ..models.board_leg_urgency import BoardLegUrgency, check_board_leg_urgency

if TYPE_CHECKING:
    from ..models.board_leg_cause_title import BoardLegCauseTitle
    from ..models.board_leg_part_title import BoardLegPartTitle


T = TypeVar("T", bound="BoardLeg")


@_attrs_define
class BoardLeg:
    """A visit in an engineer's day: what is to be done there, and whether its part is in the van.

    Attributes:
        arrive (datetime.datetime):
        begin (datetime.datetime):
        cause_title (BoardLegCauseTitle):
        device_id (str):
        device_name (str):
        km (float):
        leave (datetime.datetime):
        number (int):
        part_in_van (bool | None): null: no part is needed
        part_title (BoardLegPartTitle):
        region (str):
        state (BoardLegState):
        ticket (str):
        urgency (BoardLegUrgency):
        visit_from (datetime.datetime | None):
        visit_until (datetime.datetime | None):
    """

    arrive: datetime.datetime
    begin: datetime.datetime
    cause_title: BoardLegCauseTitle
    device_id: str
    device_name: str
    km: float
    leave: datetime.datetime
    number: int
    part_in_van: bool | None
    part_title: BoardLegPartTitle
    region: str
    state: BoardLegState
    ticket: str
    urgency: BoardLegUrgency
    visit_from: datetime.datetime | None
    visit_until: datetime.datetime | None

    def to_dict(self) -> dict[str, Any]:
        arrive = self.arrive.isoformat()

        begin = self.begin.isoformat()

        cause_title = self.cause_title.to_dict()

        device_id = self.device_id

        device_name = self.device_name

        km = self.km

        leave = self.leave.isoformat()

        number = self.number

        part_in_van: bool | None
        part_in_van = self.part_in_van

        part_title = self.part_title.to_dict()

        region = self.region

        state: str = self.state

        ticket = self.ticket

        urgency: str = self.urgency

        visit_from: None | str
        if isinstance(self.visit_from, datetime.datetime):
            visit_from = self.visit_from.isoformat()
        else:
            visit_from = self.visit_from

        visit_until: None | str
        if isinstance(self.visit_until, datetime.datetime):
            visit_until = self.visit_until.isoformat()
        else:
            visit_until = self.visit_until

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "arrive": arrive,
                "begin": begin,
                "cause_title": cause_title,
                "device_id": device_id,
                "device_name": device_name,
                "km": km,
                "leave": leave,
                "number": number,
                "part_in_van": part_in_van,
                "part_title": part_title,
                "region": region,
                "state": state,
                "ticket": ticket,
                "urgency": urgency,
                "visit_from": visit_from,
                "visit_until": visit_until,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.board_leg_cause_title import BoardLegCauseTitle  # noqa: PLC0415
        from ..models.board_leg_part_title import BoardLegPartTitle  # noqa: PLC0415

        d = dict(src_dict)
        arrive = datetime.datetime.fromisoformat(d.pop("arrive"))

        begin = datetime.datetime.fromisoformat(d.pop("begin"))

        cause_title = BoardLegCauseTitle.from_dict(d.pop("cause_title"))

        device_id = d.pop("device_id")

        device_name = d.pop("device_name")

        km = d.pop("km")

        leave = datetime.datetime.fromisoformat(d.pop("leave"))

        number = d.pop("number")

        def _parse_part_in_van(data: object) -> bool | None:
            if data is None:
                return data
            return cast(bool | None, data)

        part_in_van = _parse_part_in_van(d.pop("part_in_van"))

        part_title = BoardLegPartTitle.from_dict(d.pop("part_title"))

        region = d.pop("region")

        state = check_board_leg_state(d.pop("state"))

        ticket = d.pop("ticket")

        urgency = check_board_leg_urgency(d.pop("urgency"))

        def _parse_visit_from(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                visit_from_type_0 = datetime.datetime.fromisoformat(data)

                return visit_from_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        visit_from = _parse_visit_from(d.pop("visit_from"))

        def _parse_visit_until(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                visit_until_type_0 = datetime.datetime.fromisoformat(data)

                return visit_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        visit_until = _parse_visit_until(d.pop("visit_until"))

        board_leg = cls(
            arrive=arrive,
            begin=begin,
            cause_title=cause_title,
            device_id=device_id,
            device_name=device_name,
            km=km,
            leave=leave,
            number=number,
            part_in_van=part_in_van,
            part_title=part_title,
            region=region,
            state=state,
            ticket=ticket,
            urgency=urgency,
            visit_from=visit_from,
            visit_until=visit_until,
        )

        return board_leg
