from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.account_public_roles_item import (
    AccountPublicRolesItem,
    check_account_public_roles_item,
)

T = TypeVar("T", bound="AccountPublic")


@_attrs_define
class AccountPublic:
    """An account; its password is not shown, not even as a hash.

    Attributes:
        created_at (datetime.datetime):
        created_by (str):
        disabled_at (datetime.datetime | None):
        engineer_id (None | str):
        has_password (bool):
        household_id (None | str):
        id (str):
        last_login_at (datetime.datetime | None):
        login (str):
        name (str):
        oidc (bool): has signed in at the OpenID Connect provider
        roles (list[AccountPublicRolesItem]):
        version (int):
    """

    created_at: datetime.datetime
    created_by: str
    disabled_at: datetime.datetime | None
    engineer_id: None | str
    has_password: bool
    household_id: None | str
    id: str
    last_login_at: datetime.datetime | None
    login: str
    name: str
    oidc: bool
    roles: list[AccountPublicRolesItem]
    version: int

    def to_dict(self) -> dict[str, Any]:
        created_at = self.created_at.isoformat()

        created_by = self.created_by

        disabled_at: None | str
        if isinstance(self.disabled_at, datetime.datetime):
            disabled_at = self.disabled_at.isoformat()
        else:
            disabled_at = self.disabled_at

        engineer_id: None | str
        engineer_id = self.engineer_id

        has_password = self.has_password

        household_id: None | str
        household_id = self.household_id

        id = self.id

        last_login_at: None | str
        if isinstance(self.last_login_at, datetime.datetime):
            last_login_at = self.last_login_at.isoformat()
        else:
            last_login_at = self.last_login_at

        login = self.login

        name = self.name

        oidc = self.oidc

        roles = []
        for roles_item_data in self.roles:
            roles_item: str = roles_item_data
            roles.append(roles_item)

        version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "created_at": created_at,
                "created_by": created_by,
                "disabled_at": disabled_at,
                "engineer_id": engineer_id,
                "has_password": has_password,
                "household_id": household_id,
                "id": id,
                "last_login_at": last_login_at,
                "login": login,
                "name": name,
                "oidc": oidc,
                "roles": roles,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        created_by = d.pop("created_by")

        def _parse_disabled_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                disabled_at_type_0 = datetime.datetime.fromisoformat(data)

                return disabled_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        disabled_at = _parse_disabled_at(d.pop("disabled_at"))

        def _parse_engineer_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        engineer_id = _parse_engineer_id(d.pop("engineer_id"))

        has_password = d.pop("has_password")

        def _parse_household_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        household_id = _parse_household_id(d.pop("household_id"))

        id = d.pop("id")

        def _parse_last_login_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_login_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_login_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_login_at = _parse_last_login_at(d.pop("last_login_at"))

        login = d.pop("login")

        name = d.pop("name")

        oidc = d.pop("oidc")

        roles = []
        _roles = d.pop("roles")
        for roles_item_data in _roles:
            roles_item = check_account_public_roles_item(roles_item_data)

            roles.append(roles_item)

        version = d.pop("version")

        account_public = cls(
            created_at=created_at,
            created_by=created_by,
            disabled_at=disabled_at,
            engineer_id=engineer_id,
            has_password=has_password,
            household_id=household_id,
            id=id,
            last_login_at=last_login_at,
            login=login,
            name=name,
            oidc=oidc,
            roles=roles,
            version=version,
        )

        return account_public
