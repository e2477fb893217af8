from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.ruled_out_public_reason import RuledOutPublicReason
    from ..models.ruled_out_public_title import RuledOutPublicTitle


T = TypeVar("T", bound="RuledOutPublic")


@_attrs_define
class RuledOutPublic:
    """A cause that the evidence speaks against.

    Attributes:
        cause (str):
        reason (RuledOutPublicReason):
        title (RuledOutPublicTitle):
    """

    cause: str
    reason: RuledOutPublicReason
    title: RuledOutPublicTitle

    def to_dict(self) -> dict[str, Any]:
        cause = self.cause

        reason = self.reason.to_dict()

        title = self.title.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "cause": cause,
                "reason": reason,
                "title": title,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.ruled_out_public_reason import RuledOutPublicReason  # noqa: PLC0415
        from ..models.ruled_out_public_title import RuledOutPublicTitle  # noqa: PLC0415

        d = dict(src_dict)
        cause = d.pop("cause")

        reason = RuledOutPublicReason.from_dict(d.pop("reason"))

        title = RuledOutPublicTitle.from_dict(d.pop("title"))

        ruled_out_public = cls(
            cause=cause,
            reason=reason,
            title=title,
        )

        return ruled_out_public
