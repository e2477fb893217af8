from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="SecretCreated")


@_attrs_define
class SecretCreated:
    """A new secret, and until when the one before signs as well.

    Attributes:
        previous_until (datetime.datetime):
        secret (str):
    """

    previous_until: datetime.datetime
    secret: str

    def to_dict(self) -> dict[str, Any]:
        previous_until = self.previous_until.isoformat()

        secret = self.secret

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "previous_until": previous_until,
                "secret": secret,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        previous_until = datetime.datetime.fromisoformat(d.pop("previous_until"))

        secret = d.pop("secret")

        secret_created = cls(
            previous_until=previous_until,
            secret=secret,
        )

        return secret_created
