from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.credential_created_kind import (
    CredentialCreatedKind,
    check_credential_created_kind,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="CredentialCreated")


@_attrs_define
class CredentialCreated:
    """A new credential. Password and key are in this answer and nowhere else.

    Attributes:
        id (str):
        kind (CredentialCreatedKind):
        user (str):
        ca (str | Unset):  Default: ''.
        certificate (str | Unset):  Default: ''.
        key (str | Unset):  Default: ''.
        not_after (datetime.datetime | None | Unset):
        password (str | Unset):  Default: ''.
        revoked (list[str] | Unset):
    """

    id: str
    kind: CredentialCreatedKind
    user: str
    ca: str | Unset = ""
    certificate: str | Unset = ""
    key: str | Unset = ""
    not_after: datetime.datetime | None | Unset = UNSET
    password: str | Unset = ""
    revoked: list[str] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        kind: str = self.kind

        user = self.user

        ca = self.ca

        certificate = self.certificate

        key = self.key

        not_after: None | str | Unset
        if isinstance(self.not_after, Unset):
            not_after = UNSET
        elif isinstance(self.not_after, datetime.datetime):
            not_after = self.not_after.isoformat()
        else:
            not_after = self.not_after

        password = self.password

        revoked: list[str] | Unset = UNSET
        if not isinstance(self.revoked, Unset):
            revoked = self.revoked

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "kind": kind,
                "user": user,
            }
        )
        if ca is not UNSET:
            field_dict["ca"] = ca
        if certificate is not UNSET:
            field_dict["certificate"] = certificate
        if key is not UNSET:
            field_dict["key"] = key
        if not_after is not UNSET:
            field_dict["not_after"] = not_after
        if password is not UNSET:
            field_dict["password"] = password
        if revoked is not UNSET:
            field_dict["revoked"] = revoked

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        kind = check_credential_created_kind(d.pop("kind"))

        user = d.pop("user")

        ca = d.pop("ca", UNSET)

        certificate = d.pop("certificate", UNSET)

        key = d.pop("key", UNSET)

        def _parse_not_after(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                not_after_type_0 = datetime.datetime.fromisoformat(data)

                return not_after_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        not_after = _parse_not_after(d.pop("not_after", UNSET))

        password = d.pop("password", UNSET)

        revoked = cast(list[str], d.pop("revoked", UNSET))

        credential_created = cls(
            id=id,
            kind=kind,
            user=user,
            ca=ca,
            certificate=certificate,
            key=key,
            not_after=not_after,
            password=password,
            revoked=revoked,
        )

        return credential_created
