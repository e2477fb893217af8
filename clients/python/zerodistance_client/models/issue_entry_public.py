from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="IssueEntryPublic")


@_attrs_define
class IssueEntryPublic:
    """A line of an issue's history.

    Attributes:
        actor (str):
        note (str):
        state (str):
        time (datetime.datetime):
        version (int):
    """

    actor: str
    note: str
    state: str
    time: datetime.datetime
    version: int

    def to_dict(self) -> dict[str, Any]:
        actor = self.actor

        note = self.note

        state = self.state

        time = self.time.isoformat()

        version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "actor": actor,
                "note": note,
                "state": state,
                "time": time,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        actor = d.pop("actor")

        note = d.pop("note")

        state = d.pop("state")

        time = datetime.datetime.fromisoformat(d.pop("time"))

        version = d.pop("version")

        issue_entry_public = cls(
            actor=actor,
            note=note,
            state=state,
            time=time,
            version=version,
        )

        return issue_entry_public
