"""Acting on all appliances of a campaign at once: a word to their owners, or a command.

Each appliance is reached on its own terms: a command that needs consent asks its owner first, and one that
cannot be told is named with the reason, while the others are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.campaigns import repository
from services.campaigns.repository import Campaign
from services.commands.lifecycle import check_command
from services.commands.requests import request_command
from services.messages.telling import tell_owner
from services.tickets import repository as tickets
from services.tickets.desk import Desk
from services.tickets.repository import Device
from zerodistance.catalogue.model import Text
from zerodistance.errors import ConflictError, InvalidMessageError, ZeroDistanceError
from zerodistance.store.database import Connection


@dataclass(slots=True)
class Acted:
    """How many appliances an act has reached; ``left_out``: device → why not."""

    reached: int = 0
    left_out: dict[str, str] = field(default_factory=dict)


def tell_all(
    desk: Desk, conn: Connection, tenant: int, campaign_id: str, words: Text, *, actor: str
) -> Acted:
    """Tell the owners of all appliances that have not recovered; the same words reach nobody twice.

    Raises:
        NotFoundError: there is no such campaign.
        ConflictError: it is closed.
        InvalidMessageError: nothing is said.
    """
    words = {language: " ".join(text.split()) for language, text in words.items() if text.strip()}
    if not words:
        raise InvalidMessageError("wrong_shape", "Say something to the owners, in English or in Chinese.")
    campaign, now, acted = _open(conn, tenant, campaign_id), desk.clock.now(), Acted()
    # Braces are text here, and not a place to be filled.
    literal = {language: text.replace("{", "{{").replace("}", "}}") for language, text in words.items()}
    digest = hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:16]
    for device in _left(conn, campaign):
        if device.household_id is None:
            acted.left_out[device.id] = "It belongs to no household."
            continue
        tell_owner(
            conn,
            desk.titles,
            device,
            literal,
            {},
            kind="notice",
            event_id=f"campaign-{campaign.id}-{device.id}-{digest}",
            now=now,
            channels=desk.channels,
        )
        acted.reached += 1
    said = words.get("en") or next(iter(words.values()))
    repository.note(conn, campaign, actor, f"Told {acted.reached} owners: {said}", now)
    return acted


def command_all(
    desk: Desk,
    conn: Connection,
    tenant: int,
    campaign_id: str,
    name: str,
    arguments: Mapping[str, Any],
    *,
    actor: str,
    expires_at: datetime,
) -> Acted:
    """Tell all appliances that have not recovered to do something; owners are asked where it takes consent.

    Raises:
        NotFoundError: there is no such campaign, or the appliances know no such command.
        ConflictError: it is closed.
        InvalidMessageError: the arguments are not what the command takes.
    """
    campaign, now, acted = _open(conn, tenant, campaign_id), desk.clock.now(), Acted()
    check_command(desk.catalogue.get_type(campaign.type), name, arguments)
    for device in _left(conn, campaign):
        try:
            request_command(
                conn,
                desk.catalogue,
                device,
                name,
                arguments,
                requested_by=actor,
                now=now,
                expires_at=expires_at,
                channels=desk.channels,
            )
            acted.reached += 1
        except ZeroDistanceError as error:
            acted.left_out[device.id] = str(error)
    repository.note(conn, campaign, actor, f"Command {name} for {acted.reached} appliances.", now)
    return acted


def _open(conn: Connection, tenant: int, campaign_id: str) -> Campaign:
    campaign = repository.get(conn, tenant, campaign_id, lock=True)
    if campaign.state != "open":
        raise ConflictError("This campaign is closed: nothing more can be done for all of it.")
    return campaign


def _left(conn: Connection, campaign: Campaign) -> list[Device]:
    rows = conn.execute(
        "SELECT device_id FROM campaign_member WHERE campaign_id = %s AND recovered_at IS NULL"
        " ORDER BY device_id",
        (campaign.id,),
    ).fetchall()
    found = (tickets.device(conn, row[0]) for row in rows)
    return [device for device in found if device is not None and not device.retired]
