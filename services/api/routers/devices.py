"""Devices: the list, one device, its series and commands, and those that wait to be claimed."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from services.accounts.roles import Permission
from services.api import views
from services.api.dependencies import (
    DevicesClaimer,
    DevicesCommander,
    DevicesReader,
    PlatformDep,
    TelemetryReader,
)
from services.api.paging import decode_cursor, encode_cursor, text
from services.api.unit import UnitRoute
from services.commands import repository as commands
from services.commands.lifecycle import real_wait_s
from services.commands.requests import request_command
from services.devices import repository
from services.devices.proposing import check_mapping, propose
from services.messages.channels import channel_names
from services.schemas import (
    ChannelPublic,
    CommandCreate,
    CommandDescription,
    CommandPublic,
    DeviceClaim,
    DeviceDetail,
    DevicePage,
    DevicePublic,
    ReadingPublic,
    Series,
    UnclaimedPublic,
)
from services.tickets import evidence
from services.tickets.repository import device as read_device
from services.tokens import owner_link
from zerodistance.errors import InvalidMessageError, NotFoundError
from zerodistance.store import adapters
from zerodistance.store import devices as store_devices
from zerodistance.store.history import latest as latest_readings

router = APIRouter(route_class=UnitRoute, tags=["devices"])

_RECENT_COMMANDS = 20


@router.get("/devices")
def list_devices(
    platform: PlatformDep,
    caller: DevicesReader,
    q: Annotated[str, Query(max_length=100, description="part of the id, name or model")] = "",
    type: Annotated[str, Query(max_length=48, description="appliance type")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> DevicePage:
    """Return a page of devices, by id."""
    after = decode_cursor("devices", cursor, (text,))
    with caller.transaction() as conn:
        found = repository.listing(
            conn, caller.tenant, q=q, type=type, limit=limit + 1, after=after[0] if after else ""
        )
    items = [views.device_public(platform.titles, row) for row in found[:limit]]
    following = encode_cursor("devices", [found[limit - 1].id]) if len(found) > limit else None
    return DevicePage(items=items, next=following)


@router.get("/devices/{device_id}")
def get_device(device_id: str, platform: PlatformDep, caller: DevicesReader) -> DeviceDetail:
    """Return a device with its latest readings, what it can be told, and what it was told lately."""
    with caller.transaction() as conn:
        row = repository.get(conn, caller.tenant, device_id)
        appliance = platform.catalogue.get(row.type)  # a gateway has no readings and takes no commands
        latest = latest_readings(conn, appliance, device_id) if appliance is not None else None
        recent = commands.recent(conn, device_id, _RECENT_COMMANDS)
    link = ""
    if row.household_id is not None and caller.may(Permission.OWNERS_LINK):
        link = owner_link(platform.settings, row.household_id)
    return DeviceDetail(
        **views.device_public(platform.titles, row).model_dump(),
        latest=latest[1] if latest else {},
        latest_at=latest[0] if latest else None,
        channels={
            name: ChannelPublic(title=channel.title, unit=channel.unit, normal=channel.normal)
            for name, channel in (appliance.channels if appliance is not None else {}).items()
        },
        commands={
            name: CommandDescription(
                title=command.title,
                consent=command.consent,
                arguments={
                    key: {
                        "type": argument.type,
                        "unit": argument.unit,
                        "range": argument.range,
                        "choices": argument.choices,
                    }
                    for key, argument in command.arguments.items()
                },
            )
            for name, command in (appliance.commands if appliance is not None else {}).items()
        },
        recent_commands=[views.command_public(platform.titles, row.type, command) for command in recent],
        owner_link=link,
    )


@router.get("/devices/{device_id}/series")
def get_series(
    device_id: str,
    platform: PlatformDep,
    caller: TelemetryReader,
    channel: Annotated[str, Query(max_length=48)],
    hours: Annotated[float, Query(ge=0.01, le=24 * 400)] = 24,
) -> Series:
    """Return one channel's last hours (platform time), with the expected band where it is known."""
    with caller.transaction() as conn:
        row = repository.get(conn, caller.tenant, device_id)
        appliance = platform.catalogue.get_type(row.type)
        if channel not in appliance.channels:
            raise NotFoundError(
                f"A {row.type} has no channel {channel!r}; it has: {', '.join(appliance.channels)}."
            )
        until = platform.clock.now()
        return evidence.read_series(
            conn, platform.titles, appliance, device_id, [channel], until - timedelta(hours=hours), until
        )[0]


@router.post("/devices/{device_id}/commands", status_code=201)
def post_command(
    device_id: str, command: CommandCreate, platform: PlatformDep, caller: DevicesCommander
) -> CommandPublic:
    """Tell an appliance to do something; where its owner must consent, the owner is asked first."""
    with caller.transaction() as conn:
        row = repository.get(conn, caller.tenant, device_id)
        device = read_device(conn, row.id)
        if device is None:
            raise NotFoundError(f"There is no device {device_id!r}.")
        now = platform.clock.now()
        created = request_command(
            conn,
            platform.catalogue,
            device,
            command.name,
            command.arguments,
            requested_by=caller.actor,
            now=now,
            expires_at=commands.expiry(now, real_wait_s(platform.clock, command.expires_in_s)),
            channels=channel_names(platform.settings),
        )
    return views.command_public(platform.titles, row.type, created)


@router.get("/unclaimed")
def list_unclaimed(platform: PlatformDep, caller: DevicesClaimer) -> list[UnclaimedPublic]:
    """Return the devices that publish and are nobody's yet, the most recently heard first."""
    with caller.transaction() as conn:
        rows = repository.unclaimed(conn)
    return [
        UnclaimedPublic(
            id=row.id,
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
            messages=row.messages,
            sample=row.sample,
            guessed_type=row.guessed_type,
            readings=[
                ReadingPublic(name=one.name, value=one.value, channel=one.channel, channels=one.channels)
                for one in propose(row.sample, platform.catalogue.get(row.guessed_type))
            ],
        )
        for row in rows
    ]


@router.post("/unclaimed/{unclaimed_id}/claim", status_code=201)
def claim_device(
    unclaimed_id: str, claim: DeviceClaim, platform: PlatformDep, caller: DevicesClaimer
) -> DevicePublic:
    """Adopt a device that waits; ingest then replays what it sent so far."""
    check_mapping(platform.catalogue.get_type(claim.type), claim.mapping)
    with caller.transaction() as conn:
        if claim.household_id is not None:
            known = conn.execute(
                "SELECT 1 FROM household WHERE id = %s AND tenant_id = %s",
                (claim.household_id, caller.tenant),
            ).fetchone()
            if known is None:
                raise InvalidMessageError("wrong_shape", f"There is no household {claim.household_id!r}.")
        store_devices.claim(
            conn,
            unclaimed_id,
            type=claim.type,
            tenant=caller.tenant,
            household_id=claim.household_id,
            name=claim.name,
            model=claim.model,
        )
        adapters.set_mapping(conn, unclaimed_id, claim.mapping)
        row = repository.get(conn, caller.tenant, unclaimed_id)
    return views.device_public(platform.titles, row)
