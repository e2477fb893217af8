from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.command_public_state import CommandPublicState, check_command_public_state

if TYPE_CHECKING:
    from ..models.command_public_arguments import CommandPublicArguments
    from ..models.command_public_title import CommandPublicTitle


T = TypeVar("T", bound="CommandPublic")


@_attrs_define
class CommandPublic:
    """A command and what became of it.

    Attributes:
        arguments (CommandPublicArguments):
        created_at (datetime.datetime):
        device_id (str):
        expires_at (datetime.datetime):
        finished_at (datetime.datetime | None):
        id (str):
        name (str):
        reason (str):
        requested_by (str):
        sent_at (datetime.datetime | None):
        state (CommandPublicState):
        title (CommandPublicTitle):
    """

    arguments: CommandPublicArguments
    created_at: datetime.datetime
    device_id: str
    expires_at: datetime.datetime
    finished_at: datetime.datetime | None
    id: str
    name: str
    reason: str
    requested_by: str
    sent_at: datetime.datetime | None
    state: CommandPublicState
    title: CommandPublicTitle

    def to_dict(self) -> dict[str, Any]:
        arguments = self.arguments.to_dict()

        created_at = self.created_at.isoformat()

        device_id = self.device_id

        expires_at = self.expires_at.isoformat()

        finished_at: None | str
        if isinstance(self.finished_at, datetime.datetime):
            finished_at = self.finished_at.isoformat()
        else:
            finished_at = self.finished_at

        id = self.id

        name = self.name

        reason = self.reason

        requested_by = self.requested_by

        sent_at: None | str
        if isinstance(self.sent_at, datetime.datetime):
            sent_at = self.sent_at.isoformat()
        else:
            sent_at = self.sent_at

        state: str = self.state

        title = self.title.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "arguments": arguments,
                "created_at": created_at,
                "device_id": device_id,
                "expires_at": expires_at,
                "finished_at": finished_at,
                "id": id,
                "name": name,
                "reason": reason,
                "requested_by": requested_by,
                "sent_at": sent_at,
                "state": state,
                "title": title,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.command_public_arguments import CommandPublicArguments  # noqa: PLC0415
        from ..models.command_public_title import CommandPublicTitle  # noqa: PLC0415

        d = dict(src_dict)
        arguments = CommandPublicArguments.from_dict(d.pop("arguments"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        device_id = d.pop("device_id")

        expires_at = datetime.datetime.fromisoformat(d.pop("expires_at"))

        def _parse_finished_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                finished_at_type_0 = datetime.datetime.fromisoformat(data)

                return finished_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        finished_at = _parse_finished_at(d.pop("finished_at"))

        id = d.pop("id")

        name = d.pop("name")

        reason = d.pop("reason")

        requested_by = d.pop("requested_by")

        def _parse_sent_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                sent_at_type_0 = datetime.datetime.fromisoformat(data)

                return sent_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        sent_at = _parse_sent_at(d.pop("sent_at"))

        state = check_command_public_state(d.pop("state"))

        title = CommandPublicTitle.from_dict(d.pop("title"))

        command_public = cls(
            arguments=arguments,
            created_at=created_at,
            device_id=device_id,
            expires_at=expires_at,
            finished_at=finished_at,
            id=id,
            name=name,
            reason=reason,
            requested_by=requested_by,
            sent_at=sent_at,
            state=state,
            title=title,
        )

        return command_public
