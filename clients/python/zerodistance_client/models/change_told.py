from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ChangeTold")


@_attrs_define
class ChangeTold:
    """What somebody else changed since the version that the caller saw.

    Attributes:
        actor (str):
        changed (list[str]): names of the fields that changed
        from_state (None | str):
        note (str):
        time (datetime.datetime):
        to_state (str):
        version (int):
    """

    actor: str
    changed: list[str]
    from_state: None | str
    note: str
    time: datetime.datetime
    to_state: str
    version: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        actor = self.actor

        changed = self.changed

        from_state: None | str
        from_state = self.from_state

        note = self.note

        time = self.time.isoformat()

        to_state = self.to_state

        version = self.version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "actor": actor,
                "changed": changed,
                "from_state": from_state,
                "note": note,
                "time": time,
                "to_state": to_state,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        actor = d.pop("actor")

        changed = cast(list[str], d.pop("changed"))

        def _parse_from_state(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        from_state = _parse_from_state(d.pop("from_state"))

        note = d.pop("note")

        time = datetime.datetime.fromisoformat(d.pop("time"))

        to_state = d.pop("to_state")

        version = d.pop("version")

        change_told = cls(
            actor=actor,
            changed=changed,
            from_state=from_state,
            note=note,
            time=time,
            to_state=to_state,
            version=version,
        )

        change_told.additional_properties = d
        return change_told

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
