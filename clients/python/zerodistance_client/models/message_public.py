from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.message_public_audience import (
    MessagePublicAudience,
    check_message_public_audience,
)
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.message_public_answers import MessagePublicAnswers
    from ..models.message_public_body import MessagePublicBody


T = TypeVar("T", bound="MessagePublic")


@_attrs_define
class MessagePublic:
    """A message to the owner or the engineer, with the moment it was sent and the answer.

    Attributes:
        answer (None | str):
        answered_at (datetime.datetime | None):
        answers (MessagePublicAnswers):
        audience (MessagePublicAudience):
        body (MessagePublicBody):
        created_at (datetime.datetime):
        deadline_at (datetime.datetime | None):
        id (str):
        kind (str):
        sent_at (datetime.datetime | None):
        device_id (None | str | Unset):
        ticket_id (None | str | Unset):
    """

    answer: None | str
    answered_at: datetime.datetime | None
    answers: MessagePublicAnswers
    audience: MessagePublicAudience
    body: MessagePublicBody
    created_at: datetime.datetime
    deadline_at: datetime.datetime | None
    id: str
    kind: str
    sent_at: datetime.datetime | None
    device_id: None | str | Unset = UNSET
    ticket_id: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        answer: None | str
        answer = self.answer

        answered_at: None | str
        if isinstance(self.answered_at, datetime.datetime):
            answered_at = self.answered_at.isoformat()
        else:
            answered_at = self.answered_at

        answers = self.answers.to_dict()

        audience: str = self.audience

        body = self.body.to_dict()

        created_at = self.created_at.isoformat()

        deadline_at: None | str
        if isinstance(self.deadline_at, datetime.datetime):
            deadline_at = self.deadline_at.isoformat()
        else:
            deadline_at = self.deadline_at

        id = self.id

        kind = self.kind

        sent_at: None | str
        if isinstance(self.sent_at, datetime.datetime):
            sent_at = self.sent_at.isoformat()
        else:
            sent_at = self.sent_at

        device_id: None | str | Unset
        if isinstance(self.device_id, Unset):
            device_id = UNSET
        else:
            device_id = self.device_id

        ticket_id: None | str | Unset
        if isinstance(self.ticket_id, Unset):
            ticket_id = UNSET
        else:
            ticket_id = self.ticket_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "answer": answer,
                "answered_at": answered_at,
                "answers": answers,
                "audience": audience,
                "body": body,
                "created_at": created_at,
                "deadline_at": deadline_at,
                "id": id,
                "kind": kind,
                "sent_at": sent_at,
            }
        )
        if device_id is not UNSET:
            field_dict["device_id"] = device_id
        if ticket_id is not UNSET:
            field_dict["ticket_id"] = ticket_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.message_public_answers import MessagePublicAnswers  # noqa: PLC0415
        from ..models.message_public_body import MessagePublicBody  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_answer(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        answer = _parse_answer(d.pop("answer"))

        def _parse_answered_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                answered_at_type_0 = datetime.datetime.fromisoformat(data)

                return answered_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        answered_at = _parse_answered_at(d.pop("answered_at"))

        answers = MessagePublicAnswers.from_dict(d.pop("answers"))

        audience = check_message_public_audience(d.pop("audience"))

        body = MessagePublicBody.from_dict(d.pop("body"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_deadline_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                deadline_at_type_0 = datetime.datetime.fromisoformat(data)

                return deadline_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        deadline_at = _parse_deadline_at(d.pop("deadline_at"))

        id = d.pop("id")

        kind = d.pop("kind")

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

        def _parse_device_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        device_id = _parse_device_id(d.pop("device_id", UNSET))

        def _parse_ticket_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        ticket_id = _parse_ticket_id(d.pop("ticket_id", UNSET))

        message_public = cls(
            answer=answer,
            answered_at=answered_at,
            answers=answers,
            audience=audience,
            body=body,
            created_at=created_at,
            deadline_at=deadline_at,
            id=id,
            kind=kind,
            sent_at=sent_at,
            device_id=device_id,
            ticket_id=ticket_id,
        )

        return message_public
