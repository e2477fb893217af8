"""What comes due by the clock, one function each: timers, messages, commands. Any number of processes may
do them side by side: rows are taken with FOR UPDATE SKIP LOCKED."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter, Histogram

from services import change_log
from services.commands import repository as commands
from services.commands.lifecycle import real_wait_s
from services.commands.sender import CommandSender
from services.messages import announcing, delivery, digest
from services.messages.channels import Channel
from services.scenarios import food, watches
from services.tickets.desk import Desk
from services.webhooks import repository as webhooks
from services.webhooks.sealing import Sealer
from services.webhooks.sender import Sender
from zerodistance.clock import Clock
from zerodistance.errors import UnavailableError
from zerodistance.store.database import Pool, translated

_MOST = 100  # of one kind in one turn, so that the other duties get theirs
_told = Counter("zd_messages_sent_total", "Messages that reached an inbox", ["audience"])
_sent = Counter("zd_commands_sent_total", "Commands that the broker has taken")
_ended = Counter("zd_commands_ended_total", "Commands whose time was over", ["state"])
_fired = Counter("zd_timers_fired_total", "Ticket timers that came due")
_skew = Histogram(
    "zd_notification_skew_seconds",
    "Platform time between telling the owner and telling the engineer of one event",
    buckets=(0.001, 0.01, 0.1, 1, 10, 60, 600),
)
_channel = Counter(
    "zd_channel_deliveries_total", "Deliveries through further channels", ["channel", "outcome"]
)
_posted = Counter("zd_webhook_attempts_total", "Attempts to tell a webhook", ["outcome"])
_log = structlog.get_logger(__name__)


def fire_timers(pool: Pool, desk: Desk) -> int:
    """Do what every due timer was set for; return how many there were.

    Raises:
        UnavailableError: the database does not answer.
    """
    for count in range(_MOST):
        with translated(), pool.connection() as conn:
            if not desk.fire_due_timer(conn):
                return count
        _fired.inc()
    return _MOST


def tell(pool: Pool, clock: Clock, link_of: Callable[[str], str] = str) -> int:
    """Put every message that is due into its inbox; return how many.

    Args:
        pool: the database.
        clock: platform time.
        link_of: household → the address of its page, for those who hear of messages by webhook.

    Raises:
        UnavailableError: the database does not answer.
    """
    with translated(), pool.connection() as conn:
        told = delivery.deliver_inbox(conn, clock, _MOST)
        if told:
            announcing.announce(conn, told, link_of)
    for message in told:
        _told.labels(message.audience).inc()
    for apart in delivery.skews(told):
        _skew.observe(apart)
    return len(told)


def tell_further(pool: Pool, channels: Mapping[str, Channel]) -> int:
    """Try every delivery through a further channel that is due; return how many were taken.

    Raises:
        UnavailableError: the database does not answer (a channel that does not is tried again later).
    """
    taken = 0
    for _ in range(_MOST):
        with translated(), pool.connection() as conn:
            due = delivery.take_due(conn)
        if due is None:
            break
        message, channel = due
        error = ""
        try:
            if channel not in channels:
                raise UnavailableError(f"The channel {channel} is not set up any more.")
            channels[channel].send(message)
        except UnavailableError as trouble:
            error = str(trouble)
            _log.warning("work.channel_waits", channel=channel, message=message.id, error=error)
        with translated(), pool.connection() as conn:
            delivery.note_result(conn, message.id, channel, error)
        _channel.labels(channel, "failed" if error else "taken").inc()
        taken += not error
    return taken


def send_commands(pool: Pool, clock: Clock, sender: CommandSender) -> int:
    """Send every queued command that may leave; return how many the broker took.

    The row stays locked from the check of the consent until the broker has the command: a consent cannot
    be withdrawn in between.

    Raises:
        UnavailableError: database or broker do not answer; the command stays queued.
    """
    if not sender.connected:
        return 0
    for count in range(_MOST):
        with translated(), pool.connection() as conn:
            command = commands.take_queued(conn, clock.now())
            if command is None:
                return count
            sender.send(command)
            commands.mark_sent(conn, command.id, clock.now())
        _sent.inc()
    return _MOST


def end_commands(pool: Pool, clock: Clock, desk: Desk) -> int:
    """End the commands whose time is over and let their tickets know; return how many.

    Raises:
        UnavailableError: the database does not answer.
    """
    for count in range(_MOST):
        with translated(), pool.connection() as conn:
            ended = desk.end_overdue_command(conn, shortest_s=real_wait_s(clock, 0.0))
        if ended is None:
            return count
        _ended.labels(ended.state).inc()
    return _MOST


def post_webhooks(pool: Pool, sealer: Sealer, sender: Sender) -> int:
    """Try what is due of the webhooks, receivers side by side; return how much was taken.

    Raises:
        UnavailableError: the database does not answer (a receiver that does not is tried again later).
    """
    with translated(), pool.connection() as conn:
        due = webhooks.take_due(conn, sealer)
    if not due:
        return 0
    results = sender.post(due)
    for one, result in zip(due, results, strict=True):
        with translated(), pool.connection() as conn:
            webhooks.note(conn, one, result)
        if result.error:
            _log.warning("work.webhook_waits", webhook=one.webhook_id, told=one.event_id, error=result.error)
        _posted.labels("failed" if result.error else "taken").inc()
    return sum(not result.error for result in results)


class Forgetting:
    """Deletes what is kept for a while only, once in a minute: live changes, old webhook events."""

    def __init__(self, pool: Pool, wait_s: float = 60.0) -> None:
        self._pool = pool
        self._wait_s = wait_s
        self._next = 0.0

    def turn(self) -> int:
        """Delete if a minute has passed; return how much.

        Raises:
            UnavailableError: the database does not answer.
        """
        if time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + self._wait_s
        with translated(), self._pool.connection() as conn:
            return change_log.forget(conn) + webhooks.forget(conn)


class Scenarios:
    """Looks at the rules over readings and the calendar, once in each platform minute."""

    def __init__(self, pool: Pool, desk: Desk) -> None:
        self._pool = pool
        self._desk = desk
        self._next: datetime | None = None

    def turn(self) -> int:
        """Look once if a minute has passed; return how many owners were asked or reminded.

        Raises:
            UnavailableError: the database does not answer.
        """
        desk, now = self._desk, self._desk.clock.now()
        if self._next is not None and now < self._next:
            return 0
        # An accelerated clock makes the world quicker, not the database: twice in a real second at most.
        self._next = now + timedelta(seconds=max(60.0, real_wait_s(desk.clock, 60.0) / 10))
        with translated(), self._pool.connection() as conn:
            told = watches.look(conn, desk.catalogue, desk.policy, now, desk.channels)
            digest.send_due(conn, desk.policy.messages, now, desk.channels)
            return told + food.remind(conn, desk.catalogue, desk.policy, now, desk.channels)


def hour_of(moment: datetime) -> datetime:
    """Return the beginning of the hour that ``moment`` lies in."""
    return moment.replace(minute=0, second=0, microsecond=0)
