from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.campaign_public_cause_title import CampaignPublicCauseTitle


T = TypeVar("T", bound="CampaignPublic")


@_attrs_define
class CampaignPublic:
    """A cause common to a region, a firmware or a model.

    Attributes:
        cause (str):
        cause_title (CampaignPublicCauseTitle):
        closed_at (datetime.datetime | None):
        firmware (str):
        id (str):
        members (int):
        model (str):
        note (str):
        number (int):
        opened_at (datetime.datetime):
        opened_by (str):
        recovered (int):
        region (str):
        state (str):
        type_ (str):
        version (int):
    """

    cause: str
    cause_title: CampaignPublicCauseTitle
    closed_at: datetime.datetime | None
    firmware: str
    id: str
    members: int
    model: str
    note: str
    number: int
    opened_at: datetime.datetime
    opened_by: str
    recovered: int
    region: str
    state: str
    type_: str
    version: int

    def to_dict(self) -> dict[str, Any]:
        cause = self.cause

        cause_title = self.cause_title.to_dict()

        closed_at: None | str
        if isinstance(self.closed_at, datetime.datetime):
            closed_at = self.closed_at.isoformat()
        else:
            closed_at = self.closed_at

        firmware = self.firmware

        id = self.id

        members = self.members

        model = self.model

        note = self.note

        number = self.number

        opened_at = self.opened_at.isoformat()

        opened_by = self.opened_by

        recovered = self.recovered

        region = self.region

        state = self.state

        type_ = self.type_

        version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "cause": cause,
                "cause_title": cause_title,
                "closed_at": closed_at,
                "firmware": firmware,
                "id": id,
                "members": members,
                "model": model,
                "note": note,
                "number": number,
                "opened_at": opened_at,
                "opened_by": opened_by,
                "recovered": recovered,
                "region": region,
                "state": state,
                "type": type_,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.campaign_public_cause_title import CampaignPublicCauseTitle  # noqa: PLC0415

        d = dict(src_dict)
        cause = d.pop("cause")

        cause_title = CampaignPublicCauseTitle.from_dict(d.pop("cause_title"))

        def _parse_closed_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                closed_at_type_0 = datetime.datetime.fromisoformat(data)

                return closed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        closed_at = _parse_closed_at(d.pop("closed_at"))

        firmware = d.pop("firmware")

        id = d.pop("id")

        members = d.pop("members")

        model = d.pop("model")

        note = d.pop("note")

        number = d.pop("number")

        opened_at = datetime.datetime.fromisoformat(d.pop("opened_at"))

        opened_by = d.pop("opened_by")

        recovered = d.pop("recovered")

        region = d.pop("region")

        state = d.pop("state")

        type_ = d.pop("type")

        version = d.pop("version")

        campaign_public = cls(
            cause=cause,
            cause_title=cause_title,
            closed_at=closed_at,
            firmware=firmware,
            id=id,
            members=members,
            model=model,
            note=note,
            number=number,
            opened_at=opened_at,
            opened_by=opened_by,
            recovered=recovered,
            region=region,
            state=state,
            type_=type_,
            version=version,
        )

        return campaign_public
