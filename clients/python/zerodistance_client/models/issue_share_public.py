from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.issue_share_public_dimension import (
    IssueSharePublicDimension,
    check_issue_share_public_dimension,
)

T = TypeVar("T", bound="IssueSharePublic")


@_attrs_define
class IssueSharePublic:
    """How many affected appliances share a region, a firmware, or the month of their first repair.

    Attributes:
        affected (int):
        dimension (IssueSharePublicDimension):
        value (str):
    """

    affected: int
    dimension: IssueSharePublicDimension
    value: str

    def to_dict(self) -> dict[str, Any]:
        affected = self.affected

        dimension: str = self.dimension

        value = self.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "affected": affected,
                "dimension": dimension,
                "value": value,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        affected = d.pop("affected")

        dimension = check_issue_share_public_dimension(d.pop("dimension"))

        value = d.pop("value")

        issue_share_public = cls(
            affected=affected,
            dimension=dimension,
            value=value,
        )

        return issue_share_public
