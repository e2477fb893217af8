"""Asking for a command: checked against the catalogue, and with its question to the owner where needed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.commands import repository
from services.commands.lifecycle import check_command
from services.commands.repository import CommandRow
from services.messages.telling import Question, tell_owner
from services.messages.texts import CONSENT_ANSWERS, CONSENT_QUESTION
from services.tickets.repository import Device
from services.titles import Titles
from zerodistance.catalogue.model import Catalogue
from zerodistance.errors import ConflictError, ForbiddenError
from zerodistance.store.database import Connection


def request_command(
    conn: Connection,
    catalogue: Catalogue,
    device: Device,
    name: str,
    arguments: Mapping[str, Any],
    *,
    requested_by: str,
    now: datetime,
    expires_at: datetime,
    approved_by: str | None = None,
    ticket_id: str | None = None,
    channels: tuple[str, ...] = (),
) -> CommandRow:
    """Write a command that `work` will send, or a question to the owner that must be answered first.

    Args:
        conn: in a transaction.
        catalogue: says which commands there are, and which need consent.
        device: the appliance.
        name: of the command.
        arguments: of the command.
        requested_by: who asks for it, for the audit.
        now: platform time.
        expires_at: it is not sent, and not carried out, after this.
        approved_by: the owner, who has just allowed exactly this.
        ticket_id: the ticket that it belongs to.
        channels: further channels of the question.

    Raises:
        NotFoundError: the appliance type or the command does not exist.
        InvalidMessageError: the arguments are not what the command takes.
        ConflictError: the appliance is retired.
        ForbiddenError: consent is needed and there is no owner who could give it.
    """
    command = check_command(catalogue.get_type(device.type), name, arguments)
    if device.retired:
        raise ConflictError(f"Device {device.id!r} is retired: it takes no commands.")
    if command.consent and approved_by is None and device.household_id is None:
        raise ForbiddenError(
            f"The command {name} needs the owner's consent and device {device.id!r} has no owner: "
            "assign it to a household first."
        )
    row = repository.create(
        conn,
        tenant=device.tenant_id,
        device_id=device.id,
        name=name,
        arguments=arguments,
        requested_by=requested_by,
        now=now,
        expires_at=expires_at,
        consent_required=command.consent,
        consent_by=approved_by if command.consent else None,
        ticket_id=ticket_id,
        timeout_s=command.timeout_s,
    )
    if row.state == "awaiting_consent":
        titles = Titles(catalogue)
        tell_owner(
            conn,
            titles,
            device,
            CONSENT_QUESTION,
            {"command": titles.command(device.type, name)},
            kind="question",
            event_id=f"consent-{row.id}",
            now=now,
            question=Question("consent", CONSENT_ANSWERS, deadline_at=expires_at),
            ticket_id=ticket_id,
            command_id=row.id,
            channels=channels,
        )
    return row
