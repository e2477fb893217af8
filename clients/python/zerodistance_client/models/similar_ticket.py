from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.similar_ticket_outcome import (
    SimilarTicketOutcome,
    check_similar_ticket_outcome,
)

if TYPE_CHECKING:
    from ..models.similar_ticket_outcome_title import SimilarTicketOutcomeTitle
    from ..models.similar_ticket_parts_item import SimilarTicketPartsItem


T = TypeVar("T", bound="SimilarTicket")


@_attrs_define
class SimilarTicket:
    """A finished ticket with the same cause on the same type of appliance.

    Attributes:
        closed_at (datetime.datetime):
        device_id (str):
        device_name (str):
        id (str):
        minutes (int | None):
        model (str):
        number (int):
        outcome (SimilarTicketOutcome):
        outcome_title (SimilarTicketOutcomeTitle): what was found; empty where nothing was
        parts (list[SimilarTicketPartsItem]):
        rating (int | None):
    """

    closed_at: datetime.datetime
    device_id: str
    device_name: str
    id: str
    minutes: int | None
    model: str
    number: int
    outcome: SimilarTicketOutcome
    outcome_title: SimilarTicketOutcomeTitle
    parts: list[SimilarTicketPartsItem]
    rating: int | None

    def to_dict(self) -> dict[str, Any]:
        closed_at = self.closed_at.isoformat()

        device_id = self.device_id

        device_name = self.device_name

        id = self.id

        minutes: int | None
        minutes = self.minutes

        model = self.model

        number = self.number

        outcome: str = self.outcome

        outcome_title = self.outcome_title.to_dict()

        parts = []
        for parts_item_data in self.parts:
            parts_item = parts_item_data.to_dict()
            parts.append(parts_item)

        rating: int | None
        rating = self.rating

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "closed_at": closed_at,
                "device_id": device_id,
                "device_name": device_name,
                "id": id,
                "minutes": minutes,
                "model": model,
                "number": number,
                "outcome": outcome,
                "outcome_title": outcome_title,
                "parts": parts,
                "rating": rating,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.similar_ticket_outcome_title import SimilarTicketOutcomeTitle  # noqa: PLC0415
        from ..models.similar_ticket_parts_item import SimilarTicketPartsItem  # noqa: PLC0415

        d = dict(src_dict)
        closed_at = datetime.datetime.fromisoformat(d.pop("closed_at"))

        device_id = d.pop("device_id")

        device_name = d.pop("device_name")

        id = d.pop("id")

        def _parse_minutes(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        minutes = _parse_minutes(d.pop("minutes"))

        model = d.pop("model")

        number = d.pop("number")

        outcome = check_similar_ticket_outcome(d.pop("outcome"))

        outcome_title = SimilarTicketOutcomeTitle.from_dict(d.pop("outcome_title"))

        parts = []
        _parts = d.pop("parts")
        for parts_item_data in _parts:
            parts_item = SimilarTicketPartsItem.from_dict(parts_item_data)

            parts.append(parts_item)

        def _parse_rating(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        rating = _parse_rating(d.pop("rating"))

        similar_ticket = cls(
            closed_at=closed_at,
            device_id=device_id,
            device_name=device_name,
            id=id,
            minutes=minutes,
            model=model,
            number=number,
            outcome=outcome,
            outcome_title=outcome_title,
            parts=parts,
            rating=rating,
        )

        return similar_ticket
