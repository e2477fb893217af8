from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.product_issue_detail_state import (
    ProductIssueDetailState,
    check_product_issue_detail_state,
)

if TYPE_CHECKING:
    from ..models.issue_entry_public import IssueEntryPublic
    from ..models.issue_share_public import IssueSharePublic
    from ..models.product_issue_detail_cause_title import ProductIssueDetailCauseTitle
    from ..models.product_issue_detail_type_title import ProductIssueDetailTypeTitle


T = TypeVar("T", bound="ProductIssueDetail")


@_attrs_define
class ProductIssueDetail:
    """A product issue with what its appliances have in common, and its history.

    Attributes:
        affected (int):
        cause (str):
        cause_title (ProductIssueDetailCauseTitle):
        closed_at (datetime.datetime | None):
        counted_at (datetime.datetime):
        devices (int):
        history (list[IssueEntryPublic]):
        id (str):
        model (str):
        moves (list[str]):
        number (int):
        opened_at (datetime.datetime):
        prevalence (float):
        shares (list[IssueSharePublic]):
        since (datetime.datetime):
        state (ProductIssueDetailState):
        type_ (str):
        type_title (ProductIssueDetailTypeTitle):
        version (int):
    """

    affected: int
    cause: str
    cause_title: ProductIssueDetailCauseTitle
    closed_at: datetime.datetime | None
    counted_at: datetime.datetime
    devices: int
    history: list[IssueEntryPublic]
    id: str
    model: str
    moves: list[str]
    number: int
    opened_at: datetime.datetime
    prevalence: float
    shares: list[IssueSharePublic]
    since: datetime.datetime
    state: ProductIssueDetailState
    type_: str
    type_title: ProductIssueDetailTypeTitle
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

        history = []
        for history_item_data in self.history:
            history_item = history_item_data.to_dict()
            history.append(history_item)

        id = self.id

        model = self.model

        moves = self.moves

        number = self.number

        opened_at = self.opened_at.isoformat()

        prevalence = self.prevalence

        shares = []
        for shares_item_data in self.shares:
            shares_item = shares_item_data.to_dict()
            shares.append(shares_item)

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
                "history": history,
                "id": id,
                "model": model,
                "moves": moves,
                "number": number,
                "opened_at": opened_at,
                "prevalence": prevalence,
                "shares": shares,
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
        from ..models.issue_entry_public import IssueEntryPublic  # noqa: PLC0415
        from ..models.issue_share_public import IssueSharePublic  # noqa: PLC0415
        from ..models.product_issue_detail_cause_title import (
            ProductIssueDetailCauseTitle,  # noqa: PLC0415
        )
        from ..models.product_issue_detail_type_title import ProductIssueDetailTypeTitle  # noqa: PLC0415

        d = dict(src_dict)
        affected = d.pop("affected")

        cause = d.pop("cause")

        cause_title = ProductIssueDetailCauseTitle.from_dict(d.pop("cause_title"))

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

        history = []
        _history = d.pop("history")
        for history_item_data in _history:
            history_item = IssueEntryPublic.from_dict(history_item_data)

            history.append(history_item)

        id = d.pop("id")

        model = d.pop("model")

        moves = cast(list[str], d.pop("moves"))

        number = d.pop("number")

        opened_at = datetime.datetime.fromisoformat(d.pop("opened_at"))

        prevalence = d.pop("prevalence")

        shares = []
        _shares = d.pop("shares")
        for shares_item_data in _shares:
            shares_item = IssueSharePublic.from_dict(shares_item_data)

            shares.append(shares_item)

        since = datetime.datetime.fromisoformat(d.pop("since"))

        state = check_product_issue_detail_state(d.pop("state"))

        type_ = d.pop("type")

        type_title = ProductIssueDetailTypeTitle.from_dict(d.pop("type_title"))

        version = d.pop("version")

        product_issue_detail = cls(
            affected=affected,
            cause=cause,
            cause_title=cause_title,
            closed_at=closed_at,
            counted_at=counted_at,
            devices=devices,
            history=history,
            id=id,
            model=model,
            moves=moves,
            number=number,
            opened_at=opened_at,
            prevalence=prevalence,
            shares=shares,
            since=since,
            state=state,
            type_=type_,
            type_title=type_title,
            version=version,
        )

        return product_issue_detail
