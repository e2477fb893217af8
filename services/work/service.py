"""The run loop of ``zerodistance work``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial

import structlog

from services.commands.sender import CommandSender
from services.insights import job
from services.messages.channels import channel_names, open_channels
from services.policy import Policy, default_policy, load_policy
from services.product_issues import repository as product_issues
from services.startup import check_schema
from services.tickets.desk import Desk
from services.tokens import owner_link
from services.webhooks import from_settings
from services.webhooks.sealing import Sealer
from services.webhooks.sender import Sender
from services.work import duties
from services.work.consumer import WorkConsumer
from services.work.intake import TOPICS, Intake
from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.clock import Clock
from zerodistance.errors import ZeroDistanceError
from zerodistance.log import open_log
from zerodistance.settings import Settings
from zerodistance.store.database import Pool, open_pool, translated
from zerodistance.store.outbox import Relay

NAME = "work"
# Real seconds between looks at what is due: at 200 × this is 20 platform seconds.
_TURN_S = 0.1
_HOURLY_TURN_S = 1.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0
_POOL_SIZE = 8  # one for each thread below, and one in reserve
_log = structlog.get_logger(__name__)


def run(settings: Settings, stop: threading.Event) -> None:
    """Work until ``stop`` is set. Any number of such processes may run.

    Raises:
        UnavailableError: database or log do not answer at the start.
        StoreError: the database is not migrated.
        SettingsError, CatalogueError: something is set wrongly.
    """
    catalogue = load_catalogue(settings.catalogue_folders())
    clock = settings.make_clock()
    desk = Desk(catalogue, clock, channel_names(settings), load_policy(settings.policy_path))
    failed: list[BaseException] = []
    with ExitStack() as opened:
        pool = opened.enter_context(closing(open_pool(settings, size=_POOL_SIZE)))
        check_schema(pool)
        log = opened.enter_context(closing(open_log(settings.log_address(), client_id="zd-work")))
        channels = open_channels(settings, pool)
        for channel in channels.values():
            opened.callback(channel.close)
        sender = opened.enter_context(closing(CommandSender(settings.mqtt)))
        intake = Intake(desk, clock, settings)
        tasks: dict[str, Callable[[], None]] = {
            "intake": lambda: WorkConsumer(log, pool, NAME, TOPICS, intake.take).run(stop),
            "relay": lambda: Relay(pool, log).run(stop),
            "due": lambda: repeat(stop, _TURN_S, *_due(pool, clock, desk, sender, settings)),
            "scenarios": lambda: repeat(stop, _TURN_S, duties.Scenarios(pool, desk).turn),
            "hourly": lambda: repeat(stop, _HOURLY_TURN_S, Hourly(pool, catalogue, clock, desk.policy).turn),
        }
        sealer = Sealer(settings.secret_key)
        poster = Sender(private=settings.webhook_private)
        with translated(), pool.connection() as conn:
            from_settings.enter(conn, settings, sealer)
        tasks["webhooks"] = lambda: repeat(
            stop,
            _TURN_S,
            lambda: duties.post_webhooks(pool, sealer, poster),
            duties.Forgetting(pool).turn,
        )
        if channels:
            tasks["channels"] = lambda: repeat(stop, _TURN_S, lambda: duties.tell_further(pool, channels))
        threads = [
            threading.Thread(target=_guard, args=(tasks[name], stop, failed), name=name) for name in tasks
        ]
        _log.info("work.starts", clock=settings.clock)
        try:
            for thread in threads:
                thread.start()
            stop.wait()
        finally:
            stop.set()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
    if failed:
        raise failed[0]


def repeat(stop: threading.Event, pause_s: float, *turns: Callable[[], object]) -> None:
    """Take all ``turns`` again and again until ``stop``; one that fails waits while the others go on."""
    waits = dict.fromkeys(range(len(turns)), 0.0)
    skip = dict.fromkeys(range(len(turns)), 0.0)
    while not stop.is_set():
        for number, turn in enumerate(turns):
            if skip[number] > 0:
                skip[number] -= pause_s
                continue
            try:
                turn()
                waits[number] = 0.0
            except ZeroDistanceError as error:
                waits[number] = min(max(waits[number] * 2, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
                skip[number] = waits[number]
                _log.warning("work.waits", error=str(error), retry_in_s=waits[number])
        stop.wait(pause_s)


class Hourly:
    """The jobs of every platform hour; one process does them, whoever comes first."""

    def __init__(self, pool: Pool, catalogue: Catalogue, clock: Clock, policy: Policy | None = None) -> None:
        self._pool = pool
        self._catalogue = catalogue
        self._clock = clock
        self._policy = policy or default_policy()
        self._last = duties.hour_of(clock.now())

    def turn(self) -> int:
        """Run the jobs if an hour has begun since they ran last; return how many insights were found."""
        now = self._clock.now()
        if duties.hour_of(now) == self._last:
            return 0
        try:
            with translated(), self._pool.connection() as conn:
                for issue in product_issues.look(conn, self._policy.product_issue, now):
                    _log.info("work.product_issue", number=issue.number, model=issue.model, cause=issue.cause)
            with translated(), self._pool.connection() as conn:
                return job.run_once(conn, self._catalogue, now)
        except ZeroDistanceError:
            raise
        except Exception:
            _log.exception("work.hourly_failed")  # tickets do not wait for it; the next hour tries anew
            return 0
        finally:
            self._last = duties.hour_of(now)


def _due(
    pool: Pool, clock: Clock, desk: Desk, sender: CommandSender, settings: Settings
) -> list[Callable[[], object]]:
    return [
        lambda: duties.tell(pool, clock, partial(owner_link, settings)),
        lambda: duties.send_commands(pool, clock, sender),
        lambda: duties.end_commands(pool, clock, desk),
        lambda: duties.fire_timers(pool, desk),
    ]


def _guard(task: Callable[[], None], stop: threading.Event, failed: list[BaseException]) -> None:
    """Run a thread's task; a mistake of ours ends the process instead of leaving it half alive."""
    try:
        task()
    except BaseException as error:
        _log.exception("work.failed", task=threading.current_thread().name)
        failed.append(error)
        stop.set()
