"""The servers that a benchmark runs against: those it is pointed at, or its own on this machine."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

from zerodistance.servers.kafka import KafkaServer, find_jars, find_java
from zerodistance.servers.mosquitto import MosquittoServer, find_mosquitto
from zerodistance.store.database import connect
from zerodistance.store.embedded import EmbeddedPostgres

# A server with memory of its own; everything that decides about durability stays as it is by default.
_POSTGRES = {"shared_buffers": "512MB", "max_wal_size": "4GB"}


# As deploy/mosquitto/acl has it: ingest hears everything but what the platform tells the devices.
_RULES = """\
topic readwrite #
topic read $SYS/#
topic deny zd/v1/+/stored
user _store
topic readwrite #
"""


@dataclass
class Surroundings:
    """Where the servers are.

    Attributes:
        folder: for files of this run.
        mqtt: what ``ZD_MQTT`` takes; "" when not asked for.
        mqtt_of_store: the same for the store, which alone may publish receipts.
        log: what ``ZD_LOG`` takes; topics of this run are below a prefix of their own.
        database: a database of this run.
        pids: process ids by name, of the servers that were started here.
    """

    folder: Path
    mqtt: str = ""
    mqtt_of_store: str = ""
    log: str = ""
    database: str = ""
    pids: dict[str, list[int]] = field(default_factory=dict)


@contextmanager
def surroundings(
    *, mqtt: str | None = "", kafka: str | None = "", database: str | None = ""
) -> Iterator[Surroundings]:
    """Give servers, started here where no address is given, and put everything away afterwards.

    Args:
        mqtt: ``mqtt://…`` of a running broker; "": start Mosquitto; None: none is needed.
        kafka: ``kafka://…`` or "host:port" of running brokers; "": start one; None: none is needed.
        database: ``postgresql://…`` of a running server, whose role may make databases; "": our own.

    Raises:
        HostError: a server is wanted that is not installed.
        UnavailableError: a server does not answer.
    """
    run = f"bench{uuid.uuid4().hex[:8]}"
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="zd-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        places = Surroundings(folder, mqtt or "", mqtt or "")
        # What is missing is said before anything is started.
        mosquitto = find_mosquitto() if mqtt == "" else ""
        java, jars = (find_java(), find_jars()) if kafka == "" else ("", folder)
        if database == "":
            embedded = stack.enter_context(EmbeddedPostgres(folder / "postgres", settings=_POSTGRES))
            places.database = embedded.dsn
            postmaster = (folder / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0]
            places.pids["postgres"] = [int(postmaster)]
        elif database is not None:
            places.database = stack.enter_context(_own_database(database, run))
            if (pid := _local_postmaster(places.database)) is not None:
                places.pids["postgres"] = [pid]
        if mqtt == "":
            (folder / "mosquitto").mkdir()
            broker = MosquittoServer(mosquitto, folder / "mosquitto", rules=_RULES)
            stack.callback(broker.stop)
            broker.start()
            places.mqtt = broker.url
            places.mqtt_of_store = broker.url.replace("://", "://_store@")
            places.pids["mosquitto"] = [broker.pid or 0]
        if kafka == "":
            (folder / "kafka").mkdir()
            server = KafkaServer(java, jars, folder / "kafka")
            stack.callback(server.stop)
            server.start()
            places.log = f"{server.url}/{run}"
            places.pids["kafka"] = [server.pid or 0]
        elif kafka is not None:
            places.log = f"kafka://{kafka.removeprefix('kafka://').rstrip('/')}/{run}"
            stack.callback(_delete_topics, kafka.removeprefix("kafka://").rstrip("/"), run)
        yield places


@contextmanager
def _own_database(server: str, name: str) -> Iterator[str]:
    identifier = sql.Identifier(name)
    with connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(identifier))
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with connect(server, autocommit=True) as conn:
            for attempt in (1, 2, 3):  # TimescaleDB's launcher may reconnect between the kick and the drop
                try:
                    conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))
                    break
                except psycopg.errors.ObjectInUse:
                    if attempt == 3:
                        raise


def _local_postmaster(database: str) -> int | None:
    """Return the server's process id where it runs on this machine, so that its cost can be measured."""
    with connect(database) as conn:
        row = conn.execute("SELECT pg_backend_pid(), inet_server_addr() IS NULL").fetchone()
        if row is None:
            return None
        try:
            parent = psutil.Process(row[0]).parent()
        except psutil.Error:
            return None
        return parent.pid if parent is not None and "postgres" in parent.name() else None


def _delete_topics(brokers: str, prefix: str) -> None:
    from kafka.admin import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        admin = KafkaAdminClient(bootstrap_servers=brokers.split(","), bootstrap_timeout_ms=2_000)
    except KafkaError:
        return  # it never answered, or has gone: there is nothing to clear away
    try:
        if made := [topic for topic in admin.list_topics() if topic.startswith(f"{prefix}.")]:
            admin.delete_topics(made)
    finally:
        admin.close()
