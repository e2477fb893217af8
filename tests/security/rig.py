"""The production broker (deploy/mosquitto.conf) on scratch ports, kept in step with a database of its own."""

from __future__ import annotations

import getpass
import os
import queue
import shutil
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.fixtures.processes import accepts, free_port, start_server, wait_until
from tests.fixtures.skips import missing
from zerodistance.access.authority import Authority
from zerodistance.access.issuing import NewCredential, make_credential
from zerodistance.access.sync import BrokerAccess
from zerodistance.settings import Settings
from zerodistance.store.credentials import Kind
from zerodistance.store.database import connect
from zerodistance.store.devices import register_device, register_household

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS = {name: f"{name}-0123456789abcdef" for name in ("_ingest", "_store", "_work", "_simulator")}
FRIDGES = ("fridge-1", "fridge-2", "fridge-3")


class Rig:
    """Mosquitto as in production, with what `zerodistance broker-access` writes for it.

    Attributes:
        port: without TLS, for the platform.
        by_password: TLS, user name and password.
        by_certificate: TLS, client certificate.
    """

    def __init__(self, folder: Path, database: str) -> None:
        program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if program is None:
            missing("mosquitto", "the program mosquitto is not installed")
        self._program = program
        self.folder = folder
        self.database = database
        self.port, self.by_password, self.by_certificate = free_port(), free_port(), free_port()
        self.settings = Settings(
            database=database,
            mqtt=f"mqtt://127.0.0.1:{self.port}",
            data_dir=folder,
            broker_accounts=",".join(f"{name}:{secret}" for name, secret in ACCOUNTS.items()),
            _env_file=None,
        )
        for name in ("data", "broker"):
            (folder / name).mkdir()
        self.pid_file = folder / "mosquitto.pid"
        authority = Authority.create(self.settings.ca_folder())
        server = authority.issue_server(["localhost", "127.0.0.1"])
        self.ca = self.settings.ca_folder() / "ca.pem"
        (folder / "broker/server.pem").write_text(server.certificate_pem + server.ca_pem)
        (folder / "broker/server.key").write_text(server.key_pem)
        shutil.copy(self.ca, folder / "broker/ca.pem")
        self.conf = folder / "mosquitto.conf"
        self.conf.write_text(self._configuration())
        self.access = BrokerAccess(self.settings, pid_file=self.pid_file)
        self._process: subprocess.Popen[bytes] | None = None

    def _configuration(self) -> str:
        text = (ROOT / "deploy/mosquitto.conf").read_text(encoding="utf-8")
        for standard, port in ((1883, self.port), (8883, self.by_password), (8884, self.by_certificate)):
            text = text.replace(f"listener {standard}\n", f"listener {port} 127.0.0.1\n")
        text = text.replace("/mosquitto/data/", f"{self.folder}/data/")
        text = text.replace("/mosquitto/access/", f"{self.folder}/broker/")
        text = text.replace("/mosquitto/config/acl", str(ROOT / "deploy/mosquitto/acl"))
        text = text.replace("sys_interval 10", "sys_interval 1")
        return text + f"user {getpass.getuser()}\npid_file {self.pid_file}\n"

    def start(self) -> None:
        """Start the broker with what stands in the database."""
        self.access.write()
        self.pid_file.unlink(missing_ok=True)
        process = start_server([self._program, "-c", self.conf], self.folder / "output.log")
        self._process = process
        wait_until(lambda: accepts(self.port) or process.poll() is not None, what="Mosquitto to listen")
        assert process.poll() is None, self.output()
        wait_until(self.pid_file.exists, what="Mosquitto's pid file")
        self.sync()

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def output(self) -> str:
        """Return what Mosquitto wrote."""
        return (self.folder / "output.log").read_text(errors="replace")

    def sync(self) -> list[str]:
        """Bring the broker in step and wait until it is; return whose sessions were ended."""
        with connect(self.database, autocommit=True) as conn:
            return self.access.turn(conn)

    def register(self, *devices: str, household: str | None = None, type: str = "refrigerator") -> None:
        """Register devices."""
        with connect(self.database) as conn:
            if household is not None:
                register_household(conn, household)
            for device in devices:
                register_device(conn, device, type, household_id=household)

    def give(self, device: str, kind: Kind = "password", **options: Any) -> NewCredential:
        """Make a credential; :meth:`sync` makes it known."""
        with connect(self.database) as conn:
            return make_credential(conn, self.settings, device, kind, actor="test", **options)

    def party(self, name: str, secret: str, **options: Any) -> Party:
        """Return a client that comes in by password: the platform without TLS, devices with it."""
        platform = name.startswith("_")
        return Party(
            self.port if platform else self.by_password,
            user=name,
            password=secret,
            ca=None if platform else self.ca,
            **options,
        )

    def platform(self, account: str = "_ingest", **options: Any) -> Party:
        """Return a client with one of the platform's accounts, connected."""
        return self.party(account, ACCOUNTS[account], **options).connected()

    def certified(self, credential: NewCredential, **options: Any) -> Party:
        """Return a client that comes in by certificate."""
        folder = self.folder / f"certificate-{credential.id}"
        folder.mkdir(exist_ok=True)
        (folder / "cert.pem").write_text(credential.certificate)
        (folder / "key.pem").write_text(credential.key)
        files = (folder / "cert.pem", folder / "key.pem")
        return Party(self.by_certificate, ca=self.ca, files=files, **options)


class Party:
    """A client that notes what the broker answers, what it is sent, and when it is cut off."""

    def __init__(
        self,
        port: int,
        *,
        user: str | None = None,
        password: str | None = None,
        ca: Path | None = None,
        files: tuple[Path, Path] | None = None,
        client_id: str = "",
        clean: bool = True,
    ) -> None:
        self.inbox: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.answers: queue.Queue[str] = queue.Queue()
        self.gone = threading.Event()
        self._granted: queue.Queue[list[Any]] = queue.Queue()
        self._port = port
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id or f"test-{user or 'certificate'}-{id(self)}",
            protocol=MQTTProtocolVersion.MQTTv311,
            clean_session=clean,
            reconnect_on_failure=False,
        )
        if user is not None:
            self.client.username_pw_set(user, password)
        if ca is not None:
            context = ssl.create_default_context(cafile=str(ca))
            if files is not None:
                context.load_cert_chain(*files)
            self.client.tls_set_context(context)
        self.client.on_connect = lambda _c, _d, _f, reason, _p: self.answers.put(str(reason))
        self.client.on_disconnect = lambda *_: self.gone.set()
        self.client.on_message = lambda _c, _d, message: self.inbox.put((message.topic, message.payload))
        self.client.on_subscribe = lambda _c, _d, _mid, reasons, _p: self._granted.put(reasons)

    def answer(self) -> str:
        """Connect and return the broker's answer; "" when it closed the connection without one."""
        self.gone.clear()
        try:
            self.client.connect("127.0.0.1", self._port, keepalive=30)
        except OSError:
            return ""
        self.client.loop_start()
        wait_until(lambda: self.gone.is_set() or not self.answers.empty(), what="an answer to CONNECT")
        return self.answers.get_nowait() if not self.answers.empty() else ""

    def connected(self) -> Party:
        """Connect, and be let in."""
        assert self.answer() == "Success"
        return self

    def subscribe(self, *topics: str) -> None:
        """Subscribe; what the rules forbid is accepted by Mosquitto, and nothing is delivered."""
        for topic in topics:
            self.client.subscribe(topic, qos=1)
            self._granted.get(timeout=10)

    def publish(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> None:
        """Publish; Mosquitto acknowledges what its rules forbid as well (MQTT 3.1.1, 3.3.5)."""
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def next(self, timeout_s: float = 10) -> tuple[str, bytes]:
        """Return the next message."""
        return self.inbox.get(timeout=timeout_s)

    def leave(self) -> None:
        """Disconnect, if still connected."""
        self.client.disconnect()
        self.client.loop_stop()

    def __enter__(self) -> Party:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
