from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.concern_public_title import ConcernPublicTitle


T = TypeVar("T", bound="ConcernPublic")


@_attrs_define
class ConcernPublic:
    """Something that the diagnosis sees at an appliance now.

    Attributes:
        cause (str):
        probability (float):
        since (datetime.datetime):
        ticket_id (None | str):
        title (ConcernPublicTitle):
    """

    cause: str
    probability: float
    since: datetime.datetime
    ticket_id: None | str
    title: ConcernPublicTitle

    def to_dict(self) -> dict[str, Any]:
        cause = self.cause

        probability = self.probability

        since = self.since.isoformat()

        ticket_id: None | str
        ticket_id = self.ticket_id

        title = self.title.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "cause": cause,
                "probability": probability,
                "since": since,
                "ticket_id": ticket_id,
                "title": title,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.concern_public_title import ConcernPublicTitle  # noqa: PLC0415

        d = dict(src_dict)
        cause = d.pop("cause")

        probability = d.pop("probability")

        since = datetime.datetime.fromisoformat(d.pop("since"))

        def _parse_ticket_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        ticket_id = _parse_ticket_id(d.pop("ticket_id"))

        title = ConcernPublicTitle.from_dict(d.pop("title"))

        concern_public = cls(
            cause=cause,
            probability=probability,
            since=since,
            ticket_id=ticket_id,
            title=title,
        )

        return concern_public
