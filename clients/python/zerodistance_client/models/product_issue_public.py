from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.product_issue_public_state import (
    ProductIssuePublicState,
    check_product_issue_public_state,
)

if TYPE_CHECKING:
    from ..models.product_issue_public_cause_title import ProductIssuePublicCauseTitle
    from ..models.product_issue_public_type_title import ProductIssuePublicTypeTitle


T = TypeVar("T", bound="ProductIssuePublic")


@_attrs_define
class ProductIssuePublic:
    """A cause that recurs across a model: ``affected`` of its ``devices`` in use had it repaired.

    Attributes:
        affected (int):
        cause (str):
        cause_title (ProductIssuePublicCauseTitle):
        closed_at (datetime.datetime | None):
        counted_at (datetime.datetime):
        devices (int):
        id (str):
        model (str):
        moves (list[str]):
        number (int):
        opened_at (datetime.datetime):
        prevalence (float):
        since (datetime.datetime):
        state (ProductIssuePublicState):
        type_ (str):
        type_title (ProductIssuePublicTypeTitle):
        version (int):
    """

    affected: int
    cause: str
    cause_title: ProductIssuePublicCauseTitle
    closed_at: datetime.datetime | None
    counted_at: datetime.datetime
    devices: int
    id: str
    model: str
    moves: list[str]
    number: int
    opened_at: datetime.datetime
    prevalence: float
    since: datetime.datetime
    state: ProductIssuePublicState
    type_: str
    type_title: ProductIssuePublicTypeTitle
    version: int

    def to_dict(self) -> dict[str, Any]:
        affected = self.affected

        cause = self.cause

        cause_title = self.cause_title.to_dict()

        closed_at: None | str
        if isinstance(self.closed_at, datetime.datetime):
            closed_at = self.closed_at.isoformat()
        else:
            closed_at = self.closed_at

        counted_at = self.counted_at.isoformat()

        devices = self.devices

        id = self.id

        model = self.model

        moves = self.moves

        number = self.number

        opened_at = self.opened_at.isoformat()

        prevalence = self.prevalence

        since = self.since.isoformat()

        state: str = self.state

        type_ = self.type_

        type_title = self.type_title.to_dict()

        version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "affected": affected,
                "cause": cause,
                "cause_title": cause_title,
                "closed_at": closed_at,
                "counted_at": counted_at,
                "devices": devices,
                "id": id,
                "model": model,
                "moves": moves,
                "number": number,
                "opened_at": opened_at,
                "prevalence": prevalence,
                "since": since,
                "state": state,
                "type": type_,
                "type_title": type_title,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.product_issue_public_cause_title import (
            ProductIssuePublicCauseTitle,  # noqa: PLC0415
        )
        from ..models.product_issue_public_type_title import ProductIssuePublicTypeTitle  # noqa: PLC0415

        d = dict(src_dict)
        affected = d.pop("affected")

        cause = d.pop("cause")

        cause_title = ProductIssuePublicCauseTitle.from_dict(d.pop("cause_title"))

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

        counted_at = datetime.datetime.fromisoformat(d.pop("counted_at"))

        devices = d.pop("devices")

        id = d.pop("id")

        model = d.pop("model")

        moves = cast(list[str], d.pop("moves"))

        number = d.pop("number")

        opened_at = datetime.datetime.fromisoformat(d.pop("opened_at"))

        prevalence = d.pop("prevalence")

        since = datetime.datetime.fromisoformat(d.pop("since"))

        state = check_product_issue_public_state(d.pop("state"))

        type_ = d.pop("type")

        type_title = ProductIssuePublicTypeTitle.from_dict(d.pop("type_title"))

        version = d.pop("version")

        product_issue_public = cls(
            affected=affected,
            cause=cause,
            cause_title=cause_title,
            closed_at=closed_at,
            counted_at=counted_at,
            devices=devices,
            id=id,
            model=model,
            moves=moves,
            number=number,
            opened_at=opened_at,
            prevalence=prevalence,
            since=since,
            state=state,
            type_=type_,
            type_title=type_title,
            version=version,
        )

        return product_issue_public
