from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..models.issue_share_public_dimension import (
    IssueSharePublicDimension,
    check_issue_share_public_dimension,
)

if TYPE_CHECKING:
    from ..models.issue_share_public_title import IssueSharePublicTitle


T = TypeVar("T", bound="IssueSharePublic")


@_attrs_define
class IssueSharePublic:
    """How many affected appliances share something at their first repair.

    ``part``: replaced, empty for none; ``age``: whole years in use, empty where that is not known.

        Attributes:
            affected (int):
            dimension (IssueSharePublicDimension):
            title (IssueSharePublicTitle):
            value (str):
    """

    affected: int
    dimension: IssueSharePublicDimension
    title: IssueSharePublicTitle
    value: str

    def to_dict(self) -> dict[str, Any]:
        affected = self.affected

        dimension: str = self.dimension

        title = self.title.to_dict()

        value = self.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "affected": affected,
                "dimension": dimension,
                "title": title,
                "value": value,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.issue_share_public_title import IssueSharePublicTitle  # noqa: PLC0415

        d = dict(src_dict)
        affected = d.pop("affected")

        dimension = check_issue_share_public_dimension(d.pop("dimension"))

        title = IssueSharePublicTitle.from_dict(d.pop("title"))

        value = d.pop("value")

        issue_share_public = cls(
            affected=affected,
            dimension=dimension,
            title=title,
            value=value,
        )

        return issue_share_public
