from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.delivery_detail_state import (
    DeliveryDetailState,
    check_delivery_detail_state,
)

if TYPE_CHECKING:
    from ..models.attempt_public import AttemptPublic
    from ..models.delivery_detail_data import DeliveryDetailData


T = TypeVar("T", bound="DeliveryDetail")


@_attrs_define
class DeliveryDetail:
    """One delivery with what was told and each attempt.

    Attributes:
        attempts (int):
        created_at (datetime.datetime):
        data (DeliveryDetailData):
        done_at (datetime.datetime | None):
        error (str):
        id (str):
        log (list[AttemptPublic]):
        next_try_at (datetime.datetime | None):
        state (DeliveryDetailState):
        status (int | None):
        time (datetime.datetime):
        type_ (str):
    """

    attempts: int
    created_at: datetime.datetime
    data: DeliveryDetailData
    done_at: datetime.datetime | None
    error: str
    id: str
    log: list[AttemptPublic]
    next_try_at: datetime.datetime | None
    state: DeliveryDetailState
    status: int | None
    time: datetime.datetime
    type_: str

    def to_dict(self) -> dict[str, Any]:
        attempts = self.attempts

        created_at = self.created_at.isoformat()

        data = self.data.to_dict()

        done_at: None | str
        if isinstance(self.done_at, datetime.datetime):
            done_at = self.done_at.isoformat()
        else:
            done_at = self.done_at

        error = self.error

        id = self.id

        log = []
        for log_item_data in self.log:
            log_item = log_item_data.to_dict()
            log.append(log_item)

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
                "data": data,
                "done_at": done_at,
                "error": error,
                "id": id,
                "log": log,
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
        from ..models.attempt_public import AttemptPublic  # noqa: PLC0415
        from ..models.delivery_detail_data import DeliveryDetailData  # noqa: PLC0415

        d = dict(src_dict)
        attempts = d.pop("attempts")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        data = DeliveryDetailData.from_dict(d.pop("data"))

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

        log = []
        _log = d.pop("log")
        for log_item_data in _log:
            log_item = AttemptPublic.from_dict(log_item_data)

            log.append(log_item)

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

        state = check_delivery_detail_state(d.pop("state"))

        def _parse_status(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        status = _parse_status(d.pop("status"))

        time = datetime.datetime.fromisoformat(d.pop("time"))

        type_ = d.pop("type")

        delivery_detail = cls(
            attempts=attempts,
            created_at=created_at,
            data=data,
            done_at=done_at,
            error=error,
            id=id,
            log=log,
            next_try_at=next_try_at,
            state=state,
            status=status,
            time=time,
            type_=type_,
        )

        return delivery_detail
