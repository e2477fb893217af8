"""An Apache Kafka of our own: one node in KRaft mode on 127.0.0.1, its jars fetched by Maven once."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from zerodistance.errors import HostError, UnavailableError
from zerodistance.servers.processes import accepts, await_server, end_server, free_port, start_server

POM = Path(__file__).parent.parent.parent / "tests" / "kafka" / "pom.xml"
# Quick to start and small: C1 only, no parallel collector. Measured: 1.7 s until it listens, 170 MB.
JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xms128m", "-Xmx512m")
_ADVICE = "or name a broker by --kafka"


def find_java() -> str:
    """Return the path of Java.

    Raises:
        HostError: it is not installed.
    """
    java = shutil.which("java")
    if java is None:
        raise HostError(f"no Java is installed (17 or later is needed): install it, {_ADVICE}.")
    return java


def find_jars() -> Path:
    """Return the folder with Kafka's jars: of ``KAFKA_HOME``, or fetched by Maven where they are not yet.

    The fetched folder's name carries the pom's hash, so another version gets another folder.

    Raises:
        HostError: they are not there and cannot be fetched; says what is missing.
    """
    if home := os.environ.get("KAFKA_HOME"):
        return Path(home) / "libs"
    if not POM.exists():
        raise HostError(f"Kafka is not found: set KAFKA_HOME to an unpacked Kafka 4, {_ADVICE}.")
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "zerodistance" / "kafka" / digest
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("ab") as lock, locked(lock):
        if folder.is_dir():
            return folder
        maven = shutil.which("mvn")
        if maven is None:
            raise HostError(
                "its jars are not in the cache folder and Maven is not installed: install it, "
                f"set KAFKA_HOME, {_ADVICE}."
            )
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            fetched = Path(scratch) / "lib"
            run = subprocess.run(
                [maven, "-B", "-q", "-f", str(POM), "package", f"-Dkafka.lib={fetched}"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
            if run.returncode != 0:
                said = (run.stdout + run.stderr).strip()[-500:]
                raise HostError(f"Maven could not fetch its jars: {said}")
            fetched.rename(folder)
    return folder


def prepare(java: str, jars: Path, folder: Path) -> tuple[list[str], int]:
    """Format a node's storage in ``folder``; return the command that runs it, and its port."""
    port, controller = free_port(), free_port()
    settings = folder / "server.properties"
    settings.write_text(_properties(folder, port, controller))
    program = [java, *JVM, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{jars}/*"]
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    cluster = cluster.replace("-", "A")  # one that begins with a dash passes for an option
    try:
        subprocess.run(
            [*program, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(settings)],
            check=True,
            capture_output=True,
            timeout=120,
        )
    except subprocess.CalledProcessError as error:
        raise UnavailableError(f"Kafka's storage cannot be made: {error.stderr[-500:]!r}") from error
    return [*program, "kafka.Kafka", str(settings)], port


class KafkaServer:
    """One broker whose data are in ``folder``.

    Attributes:
        address: "host:port".
        url: what ``ZD_LOG`` takes.
    """

    def __init__(self, java: str, jars: Path, folder: Path) -> None:
        self._java, self._jars, self._folder = java, jars, folder
        self._process: subprocess.Popen[bytes] | None = None
        self.address = ""
        self.url = ""

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start it.

        Raises:
            UnavailableError: it does not come up; shows the end of its log.
        """
        command, port = prepare(self._java, self._jars, self._folder)
        output = self._folder / "server.log"
        process = start_server(command, output, new_session=True)
        self._process = process
        if not await_server(process, lambda: accepts(port), name="Kafka"):
            raise UnavailableError(f"Kafka does not start: {output.read_text(errors='replace')[-2000:]}")
        self.address = f"127.0.0.1:{port}"
        self.url = f"kafka://{self.address}"

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            end_server(self._process)
            self._process = None


@contextlib.contextmanager
def locked(file: IO[bytes]) -> Iterator[None]:
    """Hold the exclusive lock of an open file."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _properties(folder: Path, port: int, controller: int) -> str:
    return f"""\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={folder}/data
num.network.threads=2
num.io.threads=2
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# A group starts at once and a member that was killed is missed after a second: tests do both.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
auto.create.topics.enable=false
log.cleaner.enable=false
log.segment.bytes=16777216
"""
