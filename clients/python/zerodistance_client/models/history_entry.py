from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.history_entry_from_state_type_0 import (
    HistoryEntryFromStateType0,
    check_history_entry_from_state_type_0,
)
from ..models.history_entry_to_state import (
    HistoryEntryToState,
    check_history_entry_to_state,
)

T = TypeVar("T", bound="HistoryEntry")


@_attrs_define
class HistoryEntry:
    """Who did what, when and why. Append-only.

    Attributes:
        actor (str):
        from_state (HistoryEntryFromStateType0 | None):
        note (str):
        time (datetime.datetime):
        to_state (HistoryEntryToState):
        version (int):
    """

    actor: str
    from_state: HistoryEntryFromStateType0 | None
    note: str
    time: datetime.datetime
    to_state: HistoryEntryToState
    version: int

    def to_dict(self) -> dict[str, Any]:
        actor = self.actor

        from_state: None | str
        if isinstance(self.from_state, str):
            from_state = self.from_state
        else:
            from_state = self.from_state

        note = self.note

        time = self.time.isoformat()

        to_state: str = self.to_state

        version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "actor": actor,
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

        def _parse_from_state(data: object) -> HistoryEntryFromStateType0 | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                from_state_type_0 = check_history_entry_from_state_type_0(data)

                return from_state_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(HistoryEntryFromStateType0 | None, data)

        from_state = _parse_from_state(d.pop("from_state"))

        note = d.pop("note")

        time = datetime.datetime.fromisoformat(d.pop("time"))

        to_state = check_history_entry_to_state(d.pop("to_state"))

        version = d.pop("version")

        history_entry = cls(
            actor=actor,
            from_state=from_state,
            note=note,
            time=time,
            to_state=to_state,
            version=version,
        )

        return history_entry
