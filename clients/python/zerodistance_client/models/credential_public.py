from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.credential_public_kind import (
    CredentialPublicKind,
    check_credential_public_kind,
)

T = TypeVar("T", bound="CredentialPublic")


@_attrs_define
class CredentialPublic:
    """A credential without its secret, of which not even the hash is shown.

    Attributes:
        created_at (datetime.datetime):
        created_by (str):
        cut_at (datetime.datetime | None): when the broker had been told and had ended its session
        fingerprint (None | str):
        id (str):
        kind (CredentialPublicKind):
        not_after (datetime.datetime | None):
        revoked_at (datetime.datetime | None):
        revoked_by (None | str):
        serial (None | str):
    """

    created_at: datetime.datetime
    created_by: str
    cut_at: datetime.datetime | None
    fingerprint: None | str
    id: str
    kind: CredentialPublicKind
    not_after: datetime.datetime | None
    revoked_at: datetime.datetime | None
    revoked_by: None | str
    serial: None | str

    def to_dict(self) -> dict[str, Any]:
        created_at = self.created_at.isoformat()

        created_by = self.created_by

        cut_at: None | str
        if isinstance(self.cut_at, datetime.datetime):
            cut_at = self.cut_at.isoformat()
        else:
            cut_at = self.cut_at

        fingerprint: None | str
        fingerprint = self.fingerprint

        id = self.id

        kind: str = self.kind

        not_after: None | str
        if isinstance(self.not_after, datetime.datetime):
            not_after = self.not_after.isoformat()
        else:
            not_after = self.not_after

        revoked_at: None | str
        if isinstance(self.revoked_at, datetime.datetime):
            revoked_at = self.revoked_at.isoformat()
        else:
            revoked_at = self.revoked_at

        revoked_by: None | str
        revoked_by = self.revoked_by

        serial: None | str
        serial = self.serial

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "created_at": created_at,
                "created_by": created_by,
                "cut_at": cut_at,
                "fingerprint": fingerprint,
                "id": id,
                "kind": kind,
                "not_after": not_after,
                "revoked_at": revoked_at,
                "revoked_by": revoked_by,
                "serial": serial,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        created_by = d.pop("created_by")

        def _parse_cut_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                cut_at_type_0 = datetime.datetime.fromisoformat(data)

                return cut_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        cut_at = _parse_cut_at(d.pop("cut_at"))

        def _parse_fingerprint(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        fingerprint = _parse_fingerprint(d.pop("fingerprint"))

        id = d.pop("id")

        kind = check_credential_public_kind(d.pop("kind"))

        def _parse_not_after(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                not_after_type_0 = datetime.datetime.fromisoformat(data)

                return not_after_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        not_after = _parse_not_after(d.pop("not_after"))

        def _parse_revoked_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                revoked_at_type_0 = datetime.datetime.fromisoformat(data)

                return revoked_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        revoked_at = _parse_revoked_at(d.pop("revoked_at"))

        def _parse_revoked_by(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        revoked_by = _parse_revoked_by(d.pop("revoked_by"))

        def _parse_serial(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        serial = _parse_serial(d.pop("serial"))

        credential_public = cls(
            created_at=created_at,
            created_by=created_by,
            cut_at=cut_at,
            fingerprint=fingerprint,
            id=id,
            kind=kind,
            not_after=not_after,
            revoked_at=revoked_at,
            revoked_by=revoked_by,
            serial=serial,
        )

        return credential_public
