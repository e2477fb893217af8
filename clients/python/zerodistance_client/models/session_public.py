from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

from ..models.session_public_roles_item import (
    SessionPublicRolesItem,
    check_session_public_roles_item,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="SessionPublic")


@_attrs_define
class SessionPublic:
    """A session: send ``access_token`` as ``Authorization: Bearer``; it ends in ``expires_in`` seconds.

    Attributes:
        access_token (str):
        expires_in (int):
        login (str):
        name (str):
        refresh_token (str):
        roles (list[SessionPublicRolesItem]):
        session (str):
        tenant (str):
        token_type (Literal['Bearer'] | Unset):  Default: 'Bearer'.
    """

    access_token: str
    expires_in: int
    login: str
    name: str
    refresh_token: str
    roles: list[SessionPublicRolesItem]
    session: str
    tenant: str
    token_type: Literal["Bearer"] | Unset = "Bearer"

    def to_dict(self) -> dict[str, Any]:
        access_token = self.access_token

        expires_in = self.expires_in

        login = self.login

        name = self.name

        refresh_token = self.refresh_token

        roles = []
        for roles_item_data in self.roles:
            roles_item: str = roles_item_data
            roles.append(roles_item)

        session = self.session

        tenant = self.tenant

        token_type = self.token_type

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "access_token": access_token,
                "expires_in": expires_in,
                "login": login,
                "name": name,
                "refresh_token": refresh_token,
                "roles": roles,
                "session": session,
                "tenant": tenant,
            }
        )
        if token_type is not UNSET:
            field_dict["token_type"] = token_type

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        access_token = d.pop("access_token")

        expires_in = d.pop("expires_in")

        login = d.pop("login")

        name = d.pop("name")

        refresh_token = d.pop("refresh_token")

        roles = []
        _roles = d.pop("roles")
        for roles_item_data in _roles:
            roles_item = check_session_public_roles_item(roles_item_data)

            roles.append(roles_item)

        session = d.pop("session")

        tenant = d.pop("tenant")

        token_type = cast(Literal["Bearer"] | Unset, d.pop("token_type", UNSET))
        if token_type != "Bearer" and not isinstance(token_type, Unset):
            raise ValueError(f"token_type must match const 'Bearer', got '{token_type}'")

        session_public = cls(
            access_token=access_token,
            expires_in=expires_in,
            login=login,
            name=name,
            refresh_token=refresh_token,
            roles=roles,
            session=session,
            tenant=tenant,
            token_type=token_type,
        )

        return session_public
