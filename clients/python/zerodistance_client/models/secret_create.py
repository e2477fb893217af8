from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="SecretCreate")


@_attrs_define
class SecretCreate:
    """A new secret.

    Attributes:
        secret (str | Unset): whsec_ and 24 to 64 bytes in base64; empty: one is made Default: ''.
    """

    secret: str | Unset = ""

    def to_dict(self) -> dict[str, Any]:
        secret = self.secret

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if secret is not UNSET:
            field_dict["secret"] = secret

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        secret = d.pop("secret", UNSET)

        secret_create = cls(
            secret=secret,
        )

        return secret_create
