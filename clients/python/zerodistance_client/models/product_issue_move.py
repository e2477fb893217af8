from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.product_issue_move_to import (
    ProductIssueMoveTo,
    check_product_issue_move_to,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="ProductIssueMove")


@_attrs_define
class ProductIssueMove:
    """Move an issue from the ``version`` that was seen; a note says what was found when it is closed.

    Attributes:
        to (ProductIssueMoveTo):
        version (int):
        note (str | Unset):  Default: ''.
    """

    to: ProductIssueMoveTo
    version: int
    note: str | Unset = ""

    def to_dict(self) -> dict[str, Any]:
        to: str = self.to

        version = self.version

        note = self.note

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "to": to,
                "version": version,
            }
        )
        if note is not UNSET:
            field_dict["note"] = note

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        to = check_product_issue_move_to(d.pop("to"))

        version = d.pop("version")

        note = d.pop("note", UNSET)

        product_issue_move = cls(
            to=to,
            version=version,
            note=note,
        )

        return product_issue_move
