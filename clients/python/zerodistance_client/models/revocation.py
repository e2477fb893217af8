from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="Revocation")


@_attrs_define
class Revocation:
    """The credentials that were revoked.

    Attributes:
        revoked (list[str]):
    """

    revoked: list[str]

    def to_dict(self) -> dict[str, Any]:
        revoked = self.revoked

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "revoked": revoked,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        revoked = cast(list[str], d.pop("revoked"))

        revocation = cls(
            revoked=revoked,
        )

        return revocation
