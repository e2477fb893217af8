from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.audit_entry_detail import AuditEntryDetail


T = TypeVar("T", bound="AuditEntry")


@_attrs_define
class AuditEntry:
    """Who changed what, when, from where.

    Attributes:
        action (str):
        actor (str):
        address (str):
        detail (AuditEntryDetail):
        id (int):
        roles (list[str]):
        target (str):
        time (datetime.datetime):
    """

    action: str
    actor: str
    address: str
    detail: AuditEntryDetail
    id: int
    roles: list[str]
    target: str
    time: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        action = self.action

        actor = self.actor

        address = self.address

        detail = self.detail.to_dict()

        id = self.id

        roles = self.roles

        target = self.target

        time = self.time.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "action": action,
                "actor": actor,
                "address": address,
                "detail": detail,
                "id": id,
                "roles": roles,
                "target": target,
                "time": time,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.audit_entry_detail import AuditEntryDetail  # noqa: PLC0415

        d = dict(src_dict)
        action = d.pop("action")

        actor = d.pop("actor")

        address = d.pop("address")

        detail = AuditEntryDetail.from_dict(d.pop("detail"))

        id = d.pop("id")

        roles = cast(list[str], d.pop("roles"))

        target = d.pop("target")

        time = datetime.datetime.fromisoformat(d.pop("time"))

        audit_entry = cls(
            action=action,
            actor=actor,
            address=address,
            detail=detail,
            id=id,
            roles=roles,
            target=target,
            time=time,
        )

        return audit_entry
