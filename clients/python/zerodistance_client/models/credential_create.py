from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.credential_create_kind import (
    CredentialCreateKind,
    check_credential_create_kind,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="CredentialCreate")


@_attrs_define
class CredentialCreate:
    """What to make. A new password takes the place of the one before; certificates stand side by side.

    Attributes:
        csr (str | Unset): signing request (PEM): the key stays with the device Default: ''.
        days (int | Unset): how long a certificate holds Default: 730.
        kind (CredentialCreateKind | Unset):  Default: 'password'.
        overlap_hours (float | Unset): for which they still hold Default: 0.0.
        replace (bool | Unset): revoke the other certificates Default: False.
    """

    csr: str | Unset = ""
    days: int | Unset = 730
    kind: CredentialCreateKind | Unset = "password"
    overlap_hours: float | Unset = 0.0
    replace: bool | Unset = False

    def to_dict(self) -> dict[str, Any]:
        csr = self.csr

        days = self.days

        kind: str | Unset = UNSET
        if not isinstance(self.kind, Unset):
            kind = self.kind

        overlap_hours = self.overlap_hours

        replace = self.replace

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if csr is not UNSET:
            field_dict["csr"] = csr
        if days is not UNSET:
            field_dict["days"] = days
        if kind is not UNSET:
            field_dict["kind"] = kind
        if overlap_hours is not UNSET:
            field_dict["overlap_hours"] = overlap_hours
        if replace is not UNSET:
            field_dict["replace"] = replace

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        csr = d.pop("csr", UNSET)

        days = d.pop("days", UNSET)

        _kind = d.pop("kind", UNSET)
        kind: CredentialCreateKind | Unset
        if isinstance(_kind, Unset):
            kind = UNSET
        else:
            kind = check_credential_create_kind(_kind)

        overlap_hours = d.pop("overlap_hours", UNSET)

        replace = d.pop("replace", UNSET)

        credential_create = cls(
            csr=csr,
            days=days,
            kind=kind,
            overlap_hours=overlap_hours,
            replace=replace,
        )

        return credential_create
