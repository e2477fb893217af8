from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.account_create_roles_item import (
    AccountCreateRolesItem,
    check_account_create_roles_item,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="AccountCreate")


@_attrs_define
class AccountCreate:
    """A new account. Without a password its holder signs in by OpenID Connect: the login is their address.

    Example:
        {'engineer_id': 'engineer-1', 'login': 'wang.wei', 'name': 'Wang Wei', 'password': 'a long sentence of my own',
            'roles': ['engineer']}

    Attributes:
        login (str):
        roles (list[AccountCreateRolesItem]):
        engineer_id (None | str | Unset):
        household_id (None | str | Unset):
        name (str | Unset):  Default: ''.
        password (None | str | Unset):
    """

    login: str
    roles: list[AccountCreateRolesItem]
    engineer_id: None | str | Unset = UNSET
    household_id: None | str | Unset = UNSET
    name: str | Unset = ""
    password: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        login = self.login

        roles = []
        for roles_item_data in self.roles:
            roles_item: str = roles_item_data
            roles.append(roles_item)

        engineer_id: None | str | Unset
        if isinstance(self.engineer_id, Unset):
            engineer_id = UNSET
        else:
            engineer_id = self.engineer_id

        household_id: None | str | Unset
        if isinstance(self.household_id, Unset):
            household_id = UNSET
        else:
            household_id = self.household_id

        name = self.name

        password: None | str | Unset
        if isinstance(self.password, Unset):
            password = UNSET
        else:
            password = self.password

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "login": login,
                "roles": roles,
            }
        )
        if engineer_id is not UNSET:
            field_dict["engineer_id"] = engineer_id
        if household_id is not UNSET:
            field_dict["household_id"] = household_id
        if name is not UNSET:
            field_dict["name"] = name
        if password is not UNSET:
            field_dict["password"] = password

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        login = d.pop("login")

        roles = []
        _roles = d.pop("roles")
        for roles_item_data in _roles:
            roles_item = check_account_create_roles_item(roles_item_data)

            roles.append(roles_item)

        def _parse_engineer_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        engineer_id = _parse_engineer_id(d.pop("engineer_id", UNSET))

        def _parse_household_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        household_id = _parse_household_id(d.pop("household_id", UNSET))

        name = d.pop("name", UNSET)

        def _parse_password(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        password = _parse_password(d.pop("password", UNSET))

        account_create = cls(
            login=login,
            roles=roles,
            engineer_id=engineer_id,
            household_id=household_id,
            name=name,
            password=password,
        )

        return account_create
