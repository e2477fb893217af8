from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.delivery_public_state import (
    DeliveryPublicState,
    check_delivery_public_state,
)

T = TypeVar("T", bound="DeliveryPublic")


@_attrs_define
class DeliveryPublic:
    """What is known of telling one event; ``id`` is what the receiver saw as ``webhook-id``.

    Attributes:
        attempts (int):
        created_at (datetime.datetime):
        done_at (datetime.datetime | None):
        error (str):
        id (str):
        next_try_at (datetime.datetime | None):
        state (DeliveryPublicState):
        status (int | None):
        time (datetime.datetime):
        type_ (str):
    """

    attempts: int
    created_at: datetime.datetime
    done_at: datetime.datetime | None
    error: str
    id: str
    next_try_at: datetime.datetime | None
    state: DeliveryPublicState
    status: int | None
    time: datetime.datetime
    type_: str

    def to_dict(self) -> dict[str, Any]:
        attempts = self.attempts

        created_at = self.created_at.isoformat()

        done_at: None | str
        if isinstance(self.done_at, datetime.datetime):
            done_at = self.done_at.isoformat()
        else:
            done_at = self.done_at

        error = self.error

        id = self.id

        next_try_at: None | str
        if isinstance(self.next_try_at, datetime.datetime):
            next_try_at = self.next_try_at.isoformat()
        else:
            next_try_at = self.next_try_at

        state: str = self.state

        status: int | None
        status = self.status

        time = self.time.isoformat()

        type_ = self.type_

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "attempts": attempts,
                "created_at": created_at,
                "done_at": done_at,
                "error": error,
                "id": id,
                "next_try_at": next_try_at,
                "state": state,
                "status": status,
                "time": time,
                "type": type_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        attempts = d.pop("attempts")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_done_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                done_at_type_0 = datetime.datetime.fromisoformat(data)

                return done_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        done_at = _parse_done_at(d.pop("done_at"))

        error = d.pop("error")

        id = d.pop("id")

        def _parse_next_try_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                next_try_at_type_0 = datetime.datetime.fromisoformat(data)

                return next_try_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        next_try_at = _parse_next_try_at(d.pop("next_try_at"))

        state = check_delivery_public_state(d.pop("state"))

        def _parse_status(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        status = _parse_status(d.pop("status"))

        time = datetime.datetime.fromisoformat(d.pop("time"))

        type_ = d.pop("type")

        delivery_public = cls(
            attempts=attempts,
            created_at=created_at,
            done_at=done_at,
            error=error,
            id=id,
            next_try_at=next_try_at,
            state=state,
            status=status,
            time=time,
            type_=type_,
        )

        return delivery_public
