from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="AttemptPublic")


@_attrs_define
class AttemptPublic:
    """One try: when, how long it took, what was answered.

    Attributes:
        at (datetime.datetime):
        error (str):
        status (int | None):
        took_ms (int):
    """

    at: datetime.datetime
    error: str
    status: int | None
    took_ms: int

    def to_dict(self) -> dict[str, Any]:
        at = self.at.isoformat()

        error = self.error

        status: int | None
        status = self.status

        took_ms = self.took_ms

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "at": at,
                "error": error,
                "status": status,
                "took_ms": took_ms,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        at = datetime.datetime.fromisoformat(d.pop("at"))

        error = d.pop("error")

        def _parse_status(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        status = _parse_status(d.pop("status"))

        took_ms = d.pop("took_ms")

        attempt_public = cls(
            at=at,
            error=error,
            status=status,
            took_ms=took_ms,
        )

        return attempt_public
