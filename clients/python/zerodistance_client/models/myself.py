from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.myself_reach import MyselfReach, check_myself_reach
from ..types import UNSET, Unset

T = TypeVar("T", bound="Myself")


@_attrs_define
class Myself:
    """Who the caller is, and what it may do.

    Attributes:
        actor (str):
        permissions (list[str]):
        reach (MyselfReach):
        roles (list[str]):
        tenant (str):
        engineer (str | Unset):  Default: ''.
        households (list[str] | Unset):
        login (str | Unset):  Default: ''.
        name (str | Unset):  Default: ''.
        owner_link (str | Unset): for owners: their page, where they answer, rate and command Default: ''.
        region (str | Unset):  Default: ''.
    """

    actor: str
    permissions: list[str]
    reach: MyselfReach
    roles: list[str]
    tenant: str
    engineer: str | Unset = ""
    households: list[str] | Unset = UNSET
    login: str | Unset = ""
    name: str | Unset = ""
    owner_link: str | Unset = ""
    region: str | Unset = ""

    def to_dict(self) -> dict[str, Any]:
        actor = self.actor

        permissions = self.permissions

        reach: str = self.reach

        roles = self.roles

        tenant = self.tenant

        engineer = self.engineer

        households: list[str] | Unset = UNSET
        if not isinstance(self.households, Unset):
            households = self.households

        login = self.login

        name = self.name

        owner_link = self.owner_link

        region = self.region

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "actor": actor,
                "permissions": permissions,
                "reach": reach,
                "roles": roles,
                "tenant": tenant,
            }
        )
        if engineer is not UNSET:
            field_dict["engineer"] = engineer
        if households is not UNSET:
            field_dict["households"] = households
        if login is not UNSET:
            field_dict["login"] = login
        if name is not UNSET:
            field_dict["name"] = name
        if owner_link is not UNSET:
            field_dict["owner_link"] = owner_link
        if region is not UNSET:
            field_dict["region"] = region

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        actor = d.pop("actor")

        permissions = cast(list[str], d.pop("permissions"))

        reach = check_myself_reach(d.pop("reach"))

        roles = cast(list[str], d.pop("roles"))

        tenant = d.pop("tenant")

        engineer = d.pop("engineer", UNSET)

        households = cast(list[str], d.pop("households", UNSET))

        login = d.pop("login", UNSET)

        name = d.pop("name", UNSET)

        owner_link = d.pop("owner_link", UNSET)

        region = d.pop("region", UNSET)

        myself = cls(
            actor=actor,
            permissions=permissions,
            reach=reach,
            roles=roles,
            tenant=tenant,
            engineer=engineer,
            households=households,
            login=login,
            name=name,
            owner_link=owner_link,
            region=region,
        )

        return myself
