"""``zerodistance doctor``: one line for each part, and what to do about it."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import httpx
import typer
from rich.console import Console

from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.cli import print_json
from zerodistance.clock import SystemClock
from zerodistance.errors import SettingsError, ZeroDistanceError
from zerodistance.log import open_log
from zerodistance.messages import LOG_TOPICS
from zerodistance.settings import DEFAULT_SECRET, Settings, load_settings
from zerodistance.store import database, timescale
from zerodistance.store.migrate import read_migrations
from zerodistance.store.schema import read_shape

app = typer.Typer()

State = Literal["ok", "warning", "failure"]

# Minor releases of November 2026 with which background jobs of older TimescaleDB end as failed, and the
# releases that put it right (TimescaleDB's release notes, #11015; docs/operations.md).
_BREAKING_MINOR = {15: 20, 16: 16, 17: 12, 18: 7}
_MENDED = ((2, 27, 3), (2, 28, 4), (2, 31, 2))
_DISK_FAILURE_MB, _DISK_WARNING_MB = 500, 5_000
_CLOCK_TOLERANCE_S = 5.0
_MARKS: dict[State, str] = {
    "ok": "[green]ok     [/]",
    "warning": "[yellow]warning[/]",
    "failure": "[red]failure[/]",
}


@dataclass(frozen=True)
class Check:
    """One line: what was looked at, how it is, and what to do if it is not well."""

    name: str
    state: State
    text: str
    todo: str = ""


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """Say what runs, what does not, and what to do about it; ends with 1 if something has failed."""
    checks = list(examine())
    failed = any(check.state == "failure" for check in checks)
    if as_json:
        print_json({"ok": not failed, "checks": [asdict(check) for check in checks]})
    else:
        console = Console(highlight=False)
        for check in checks:
            todo = f" → {check.todo}" if check.todo else ""
            console.print(f"{_MARKS[check.state]} {check.name:10} ", end="")
            console.print(f"{check.text}{todo}", markup=False, soft_wrap=True)
    if failed:
        raise typer.Exit(1)


def examine() -> Iterator[Check]:
    """Yield the checks in the order in which one would mend them."""
    try:
        settings = load_settings()
    except SettingsError as error:
        yield Check("settings", "failure", str(error), "correct the variable or the file .env")
        return
    yield _settings(settings)
    yield from _disk(settings)
    catalogue: Catalogue | None = None
    try:
        catalogue = load_catalogue(settings.catalogue_folders())
        yield Check("catalogue", "ok", f"{len(catalogue)} appliance types: {', '.join(sorted(catalogue))}")
    except ZeroDistanceError as error:
        yield Check(
            "catalogue", "failure", str(error), "mend the file; `zerodistance catalogue check` looks again"
        )
    for name, part in _PARTS.items():
        try:
            yield from part(settings, catalogue)
        except ZeroDistanceError as error:
            yield Check(name, "failure", str(error))
    yield from _ports(settings)


def _settings(settings: Settings) -> Check:
    defaults = [name for name in ("secret_key", "staff_token") if getattr(settings, name) == DEFAULT_SECRET]
    if defaults:
        todo = "before anybody else can reach it, set ZD_PROFILE=production and the secrets that it asks for"
        return Check("settings", "warning", f"profile {settings.profile}, with default secrets", todo)
    return Check("settings", "ok", f"profile {settings.profile}")


def _disk(settings: Settings) -> Iterator[Check]:
    folder = settings.data_dir.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free_mb = shutil.disk_usage(existing).free // 1_000_000
    text = f"{free_mb / 1000:,.1f} GB free for {folder}"
    problem = _unwritable(existing)
    if problem:
        yield Check("disk", "failure", f"{existing}: {problem}", "make it writable or set ZD_DATA_DIR")
    elif free_mb < _DISK_FAILURE_MB:
        yield Check("disk", "failure", text, "make room: databases and logs stop when the disk is full")
    elif free_mb < _DISK_WARNING_MB:
        yield Check("disk", "warning", text, "make room soon, or shorten retention_days in the catalogue")
    else:
        yield Check("disk", "ok", text)


def _unwritable(folder: Path) -> str:
    probe = folder / f".zd-doctor-{time.time_ns()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def _mqtt(settings: Settings, _catalogue: Catalogue | None) -> Iterator[Check]:
    from ingest.probe import probe

    answer = probe(settings.mqtt)
    if answer.problem:
        yield Check(
            "mqtt", "failure", answer.problem, "start the broker (`zerodistance broker`) or set ZD_MQTT"
        )
    elif answer.protocol != "5":
        text = f"a broker of MQTT {answer.protocol} answers at {answer.place}"
        todo = "fine for a demo; in production use one of MQTT 5 that keeps its sessions on disk (Mosquitto)"
        yield Check("mqtt", "ok" if settings.profile == "demo" else "warning", text, todo)
    else:
        yield Check("mqtt", "ok", f"a broker of MQTT 5 answers at {answer.place}")


def _log(settings: Settings, _catalogue: Catalogue | None) -> Iterator[Check]:
    address = settings.log_address()
    if (
        address.startswith("sqlite://")
        and not Path(address.removeprefix("sqlite://").partition("?")[0]).exists()
    ):
        yield Check(
            "log", "failure", f"{address} does not exist yet", "run `zerodistance migrate` or the demo"
        )
        return
    log = open_log(address, client_id="zd-doctor")
    try:
        counts: dict[str, int] = {}
        missing = []
        for topic in LOG_TOPICS:
            try:
                counts[topic] = log.partitions(topic)
            except ZeroDistanceError:
                missing.append(topic)
    finally:
        log.close()
    if missing:
        yield Check("log", "failure", f"{address} lacks {', '.join(missing)}", "run `zerodistance migrate`")
    elif set(counts.values()) != {settings.log_partitions}:
        found = ", ".join(str(count) for count in sorted(set(counts.values())))
        text = f"{address} has {found} partitions, ZD_LOG_PARTITIONS is {settings.log_partitions}"
        yield Check(
            "log", "failure", text, "set it to what the topics have: changing them would move devices"
        )
    else:
        yield Check("log", "ok", f"{address}, {len(counts)} topics with {settings.log_partitions} partitions")


def _database(settings: Settings, catalogue: Catalogue | None) -> Iterator[Check]:
    with database.connect(database.dsn(settings)) as conn, database.translated():
        version = conn.info.server_version
        yield _server(conn, version // 10_000, version % 10_000)
        yield _migrations(conn, catalogue)


def _server(conn: database.Connection, major: int, minor: int) -> Check:
    extension = timescale.installed_version(conn)
    text = f"PostgreSQL {major}.{minor}"
    if extension is None:
        if timescale.offered(conn):
            meaning = "TimescaleDB is offered but not used by this database"
            return Check("database", "warning", f"{text}; {meaning}", "migrate a new database to use it")
        meaning = "without TimescaleDB: same answers from plain partitions, more disk and slower history"
        return Check("database", "ok", f"{text} {meaning}")
    text += f" with TimescaleDB {extension}: columnstore, continuous aggregates, retention"
    failed = conn.execute(
        "SELECT count(*) FROM timescaledb_information.job_stats WHERE last_run_status = 'Failed'"
    ).fetchone()
    if failed and failed[0]:
        todo = "see timescaledb_information.job_errors; `CALL run_job(id)` does by hand what a job would"
        return Check("database", "warning", f"{text}; {failed[0]} background jobs failed last time", todo)
    if jobs_break(major, minor, extension):
        todo = "update TimescaleDB to 2.31.2 or later; until then `CALL run_job(id)` does what a job would"
        return Check(
            "database", "warning", f"{text}; its background jobs end as failed on this minor release", todo
        )
    return Check("database", "ok", text)


def jobs_break(major: int, minor: int, extension: str) -> bool:
    """Tell whether TimescaleDB's background jobs fail on this minor release of PostgreSQL.

    >>> jobs_break(17, 12, "2.29.2"), jobs_break(17, 11, "2.29.2"), jobs_break(17, 12, "2.28.4")
    (True, False, False)
    """
    if minor < _BREAKING_MINOR.get(major, 10_000):
        return False
    parts = tuple(int(part) for part in extension.split("-")[0].split("."))
    mended = parts >= _MENDED[-1] or any(parts[:2] == fix[:2] and parts >= fix for fix in _MENDED)
    return not mended


def _migrations(conn: database.Connection, catalogue: Catalogue | None) -> Check:
    exists = conn.execute("SELECT to_regclass('migration') IS NOT NULL").fetchone()
    applied = (
        {row[0] for row in conn.execute("SELECT number FROM migration")} if exists and exists[0] else set()
    )
    due = [f"{one.number:04d}_{one.name}" for one in read_migrations() if one.number not in applied]
    if not due:
        for appliance in (catalogue or {}).values():
            shape = read_shape(conn, appliance.type)
            lacking = set(appliance.channels) - set(shape.columns if shape else ())
            if shape is None or lacking:
                due.append(f"{appliance.type}: {', '.join(sorted(lacking)) if shape else 'its table'}")
    if due:
        todo = "run `zerodistance migrate`; samples of what is not there yet are parked, not lost"
        return Check("migrations", "failure", f"{len(due)} due: {'; '.join(due)}", todo)
    return Check("migrations", "ok", f"{len(applied)} applied, tables fit the catalogue")


def _clock(settings: Settings, _catalogue: Catalogue | None) -> Iterator[Check]:
    clock = settings.make_clock()
    if not isinstance(clock, SystemClock):
        text = f"platform time is {clock.now():%Y-%m-%d %H:%M} UTC ({settings.clock})"
        todo = "meant for demos and replays" if settings.profile == "production" else ""
        yield Check("clock", "warning" if todo else "ok", text, todo)
        return
    text = f"{clock.now():%Y-%m-%d %H:%M:%S} UTC"
    try:
        with database.connect(database.dsn(settings)) as conn, database.translated():
            row = conn.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()
    except ZeroDistanceError:
        yield Check("clock", "ok", f"{text}; there is no database to compare it with")
        return
    skew = time.time() - float(row[0]) if row else 0.0
    if abs(skew) > _CLOCK_TOLERANCE_S:
        text = f"this machine's clock and the database's differ by {skew:+.0f} s"
        yield Check("clock", "warning", text, "synchronise both (NTP): event times are judged by this clock")
    else:
        yield Check("clock", "ok", f"{text}, the database agrees")


def _ports(settings: Settings) -> Iterator[Check]:
    services = {
        "api": (settings.api_host, settings.api_port, "/health", "ZD_API_PORT"),
        "console": (settings.console_host, settings.console_port, "/login", "ZD_CONSOLE_PORT"),
    }
    for name, (host, port, path, variable) in services.items():
        if port == 0:
            continue
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if not _listens(host, port):
            yield Check(
                name, "ok", f"nothing listens on {place}: the port is free, the {name} is not started"
            )
            continue
        try:
            status = httpx.get(f"http://{place}{path}", timeout=3).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            status = 0
        if 200 <= status < 400:
            yield Check(name, "ok", f"answers on {place}")
        else:
            text = f"something on {place} does not answer like the {name} (HTTP {status or 'no answer'})"
            yield Check(name, "warning", text, f"stop it, or choose another port with {variable}")


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1" if host in ("0.0.0.0", "") else host, port), timeout=1):
            return True
    except OSError:
        return False


_PARTS: dict[str, Callable[[Settings, Catalogue | None], Iterator[Check]]] = {
    "mqtt": _mqtt,
    "log": _log,
    "database": _database,
    "clock": _clock,
}
