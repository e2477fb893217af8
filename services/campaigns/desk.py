"""Opening campaigns, taking findings into them, and closing them."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from services.campaigns import repository
from services.campaigns.detect import common_scope
from services.campaigns.repository import Campaign
from services.messages import repository as messages
from services.messages.telling import tell_owner
from services.messages.texts import CAMPAIGN_OPENED, CAMPAIGN_OVER, CAMPAIGN_YOURS, fill
from services.tickets import incidents
from services.tickets import repository as tickets
from services.tickets.changes import consequences
from services.tickets.lifecycle import CAMPAIGNABLE, Details, Role, State, check_move
from services.tickets.repository import Device
from services.tickets.shared import TicketDesk
from zerodistance.catalogue.model import Text
from zerodistance.messages import Deviation, Finding
from zerodistance.store.database import Connection

CLOSED_FOR = timedelta(days=14)
"""What was closed by somebody is not opened again by the models for so long."""


class Campaigns:
    """What happens to campaigns; ``desk`` moves the tickets that become part of one."""

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk

    def take(self, conn: Connection, device: Device, finding: Finding) -> bool:
        """Take a finding into the open campaign that it belongs to; return whether there is one."""
        campaign = repository.matching(conn, device, finding.cause)
        if campaign is None:
            return False
        now = self._desk.clock.now()
        if repository.join(conn, campaign, device.id, finding.id, None, now):
            self._tell_owner(conn, campaign, device, CAMPAIGN_YOURS, "joined", now)
        return True

    def look(self, conn: Connection, device: Device, finding: Finding) -> Campaign | None:
        """Open a campaign if a finding's cause has become common; its tickets become part of it."""
        rule = self._desk.policy.campaign
        now = self._desk.clock.now()
        since = now - timedelta(hours=rule.window_h)
        if finding.cause == "unknown":
            return None
        if repository.affected_now(conn, device.tenant_id, finding.cause, since) < rule.least:
            return None
        scope = common_scope(repository.tallies(conn, device, finding.cause, since), rule)
        if scope is None:
            return None
        return self.open(
            conn,
            device.tenant_id,
            device.type,
            finding.cause,
            {scope.dimension: scope.value},
            actor="platform",
            since=since,
        )

    def deviates(self, conn: Connection, deviation: Deviation) -> str:
        """Open a campaign for appliances that the models say deviate together, before each has a ticket.

        Returns:
            What became of it, for the counters: ``opened``, ``known`` (there is an open one) or ``closed``
            (one was closed lately: whoever closed it has seen this).
        """
        now = self._desk.clock.now()
        scope: dict[str, str] = {deviation.dimension: deviation.value}
        key = deviation.tenant, deviation.type, deviation.cause
        if repository.closed_after(conn, *key, scope, now - CLOSED_FOR):
            return "closed"
        since = now - timedelta(hours=self._desk.policy.campaign.window_h)
        campaign = self.open(
            conn, *key, scope, actor="models", since=since, witness=next(iter(deviation.devices), "")
        )
        if campaign is None:
            return "known"
        way = "higher" if deviation.direction > 0 else "lower"
        text = (
            f"{len(deviation.devices)} appliances ({deviation.share:.0%} of {campaign.scope}) have "
            f"{deviation.feature} {way} than the others, which looks like {deviation.cause}."
        )
        repository.note(conn, campaign, "models", text, now)
        return "opened"

    def open(
        self,
        conn: Connection,
        tenant: int,
        type: str,
        cause: str,
        scope: dict[str, str],
        *,
        actor: str,
        since: datetime,
        witness: str = "",
    ) -> Campaign | None:
        """Open a campaign; tickets of its cause that nobody is on the way to become part of it.

        Args:
            scope: region, firmware or model → which.
            actor: who opens it.
            since: tickets whose incident began before stay what they are.
            witness: an appliance that it is told by where no ticket has become part of it.

        Returns:
            The campaign, None if there is one of that scope already.
        """
        now = self._desk.clock.now()
        campaign = repository.insert(conn, tenant, type, cause, scope, actor=actor, now=now)
        if campaign is None:
            return None
        one = witness
        for ticket_id in repository.open_tickets(conn, campaign, sorted(CAMPAIGNABLE), since):
            one = self._absorb(conn, campaign, ticket_id, now)
        body = fill(CAMPAIGN_OPENED, self._values(campaign))
        if one:  # a message belongs to an appliance: the last one that joined stands for all
            drafts = [
                messages.Draft(audience=who, kind="ticket", body=body, not_before=now)
                for who in ("engineer", "dispatcher")
            ]
            messages.put_event(
                conn,
                drafts,
                tenant=tenant,
                now=now,
                urgent=True,
                household_id=None,
                device_id=one,
                event_id=f"campaign-{campaign.id}",
                channels=self._desk.channels,
            )
        return repository.get(conn, tenant, campaign.id)

    def close(self, conn: Connection, tenant: int, campaign_id: str, *, actor: str, note: str) -> int:
        """Close a campaign: owners hear that it is over, and whoever still has the cause gets a ticket.

        Returns:
            How many tickets were opened.

        Raises:
            NotFoundError: there is no such campaign.
            ConflictError: it is closed already.
        """
        now = self._desk.clock.now()
        campaign = repository.get(conn, tenant, campaign_id, lock=True)
        left = repository.still_open(conn, campaign.id)
        repository.close(conn, campaign, actor=actor, note=note, now=now)
        rows = conn.execute(
            "SELECT device_id FROM campaign_member WHERE campaign_id = %s AND recovered_at IS NOT NULL",
            (campaign.id,),
        ).fetchall()
        for (device_id,) in rows:
            device = tickets.device(conn, device_id)
            if device is not None:
                self._tell_owner(conn, campaign, device, CAMPAIGN_OVER, "over", now)
        for finding_id in left:
            row = conn.execute("SELECT body FROM finding WHERE id = %s", (finding_id,)).fetchone()
            if row is not None:
                incidents.take_anew(self._desk, conn, msgspec.convert(row[0], Finding))
        return len(left)

    def recovered(self, conn: Connection, finding: Finding) -> bool:
        """Note that a finding of a campaign has cleared; return whether it is one."""
        return repository.recovered(conn, finding.id, self._desk.clock.now())

    def _absorb(self, conn: Connection, campaign: Campaign, ticket_id: str, now: datetime) -> str:
        """Make a ticket, which is locked, part of a campaign; return its device."""
        ticket = tickets.get(conn, ticket_id, lock=True)
        device = self._desk.device_of(conn, ticket)
        details = Details(campaign=campaign.id)
        check_move(State(ticket.state), State.MERGED, {Role.PLATFORM}, details)
        changes = {"state": State.MERGED.value, "campaign_id": campaign.id}
        changes |= consequences(ticket, State.MERGED, now, self._desk.clock_of(device))
        note = f"Part of campaign {campaign.number}."
        self._desk.keep(conn, device, ticket, changes, actor="platform", note=note, now=now)
        tickets.stop_timers(conn, ticket.id, now)
        for finding in tickets.findings(conn, ticket.id):
            if finding.state == "open":
                repository.join(conn, campaign, device.id, finding.id, ticket.id, now)
        self._tell_owner(conn, campaign, device, CAMPAIGN_YOURS, "joined", now)
        return device.id

    def _tell_owner(
        self, conn: Connection, campaign: Campaign, device: Device, words: Text, what: str, now: datetime
    ) -> None:
        tell_owner(
            conn,
            self._desk.titles,
            device,
            words,
            self._values(campaign),
            kind="notice",
            event_id=f"campaign-{campaign.id}-{device.id}-{what}",
            now=now,
            channels=self._desk.channels,
        )

    def _values(self, campaign: Campaign) -> dict[str, Text]:
        return {
            "cause": self._desk.titles.cause(campaign.type, campaign.cause),
            "appliances": self._desk.titles.type(campaign.type),
            "scope": {"en": campaign.scope},
            "number": {"en": str(campaign.number)},
        }
