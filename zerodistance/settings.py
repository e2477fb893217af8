"""Settings, read from the environment (``ZD_…``) or an ``.env`` file; nothing else is configuration.

The defaults run a single host without any server installed. The production profile refuses default
secrets and embedded parts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from zerodistance.clock import Clock, parse_clock
from zerodistance.errors import SettingsError

DEFAULT_SECRET = "not-a-secret"
DEFAULT_PASSWORD = "demo"


class Settings(BaseSettings):
    """Everything that can be set; one field for each ``ZD_`` variable."""

    model_config = SettingsConfigDict(env_prefix="ZD_", env_file=".env", extra="ignore")

    profile: Literal["demo", "production"] = "demo"
    data_dir: Path = Field(Path("data"), description="where the embedded parts keep their files")
    clock: str = Field("system", description="system, or START@RATE[@ANCHOR]")
    catalogue_path: str = Field("", description="folders with further catalogue files, joined by ':'")

    mqtt: str = Field(
        "mqtt://127.0.0.1:1883",
        description="mqtt://[user:password@]host[:port], or mqtts://…[?ca=FILE][&cert=FILE&key=FILE]",
    )
    mqtt_client_id: str = Field("zd-ingest", description="fixed, so that the broker keeps the session")
    mqtt_share: str = Field(
        "",
        pattern=r"^[A-Za-z0-9_.-]{0,64}$",
        description="group of ingest processes that share the messages out, each with a client id of its own",
    )
    adapters: str = Field(
        "", description="other people's devices: tasmota, shelly, zigbee2mqtt[=BASE], homeassistant, …"
    )
    adapters_zone: str = Field("", description="time zone of those that send local time: Asia/Tokyo")
    device_rate: float = Field(
        200, ge=0, description="messages a second that a device may send under one topic; 0: no limit"
    )
    device_burst: int = Field(20_000, ge=20, description="how many of them at once, after a rest")
    flood_minutes: int = Field(
        5, ge=0, description="a device at twice its rate for so long is disabled; 0: never"
    )
    log: str = Field("", description="kafka://host:port[,host:port…] or sqlite:///path; empty: in data_dir")
    log_partitions: int = Field(24, ge=1, le=1024, description="fixed when the topics are made")
    database: str = Field("", description="postgresql://…; empty: the embedded server in data_dir")

    api_url: str = "http://127.0.0.1:8000"
    api_host: str = "127.0.0.1"
    api_port: int = Field(8000, ge=0, le=65535)
    console_host: str = "127.0.0.1"
    console_port: int = Field(8080, ge=0, le=65535)
    metrics_port: int = Field(0, ge=0, le=65535, description="Prometheus metrics; 0: none")
    secret_key: str = Field(DEFAULT_SECRET, min_length=1, description="signs owner links and sessions")
    staff_token: str = Field(
        DEFAULT_SECRET, min_length=1, description="bearer token of the console's own calls and of scripts"
    )
    staff_password: str = Field(
        DEFAULT_PASSWORD, min_length=1, description="password of the first account, admin; of no use later"
    )
    tenant: str = Field("default", min_length=1, description="brand that the staff token and console are of")
    api_rate: float = Field(100, ge=0, description="requests a second for each account; 0: no limit")
    api_burst: int = Field(400, ge=1, description="how many of them at once, after a rest")
    oidc_issuer: str = Field(
        "", description="OpenID Connect provider that staff may sign in with; empty: none"
    )
    oidc_client_id: str = Field("", description="what the provider knows the platform as")
    oidc_client_secret: str = Field("", description="its secret there; empty: a public client, PKCE alone")
    oidc_redirects: str = Field(
        "", description="addresses that the provider may send people back to, joined by ','"
    )
    public_url: str = Field("", description="where owners' browsers reach serve; empty: ZD_API_URL")
    webhook_url: str = Field("", description="messages to people are also posted here as JSON; empty: none")
    webhook_secret: str = Field("", description="signs them; shared with whoever receives them")
    webhook_private: bool = Field(
        False, description="webhooks entered through the API may lead to private addresses, and over http"
    )

    tls_cert: Path | None = Field(None, description="serve and console speak HTTPS with this chain (PEM)")
    tls_key: Path | None = Field(None, description="and this key (PEM)")
    trusted_proxies: str = Field(
        "", description="addresses of proxies whose X-Forwarded-Proto and -For are believed, joined by ','"
    )
    ca_dir: Path | None = Field(None, description="the certificate authority's folder; empty: in data_dir")
    broker_dir: Path | None = Field(
        None, description="where broker-access writes the broker's passwords and CRL; empty: in data_dir"
    )
    broker_accounts: str = Field(
        "", description="the platform's accounts at the broker: _name:password, joined by ','"
    )

    false_alarm_budget: float = Field(
        0.05, gt=0, le=10, description="false alarms per device and year that thresholds are set for"
    )
    partner_webhook_url: str = Field("", description="use events for a partner are posted here; empty: none")
    partner_webhook_secret: str = Field("", description="signs them; shared with the partner alone")
    staff_channels: str = Field("", description="Apprise addresses for engineers and dispatchers, by spaces")
    owner_channels: str = Field(
        "", description="Apprise addresses for owners, by spaces; {email} and {phone} are filled in"
    )
    policy_path: str = Field("", description="TOML that replaces values of services/policy/default.toml")

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_json: bool = False

    def log_address(self) -> str:
        """Return the log's address; by default a SQLite file in the data folder."""
        return self.log or f"sqlite:///{(self.data_dir / 'log.sqlite').absolute()}"

    def ca_folder(self) -> Path:
        """Return where the certificate authority is."""
        return self.ca_dir or self.data_dir / "ca"

    def broker_folder(self) -> Path:
        """Return where the files for the broker go."""
        return self.broker_dir or self.data_dir / "broker"

    def make_clock(self) -> Clock:
        """Return the clock that ``ZD_CLOCK`` describes."""
        return parse_clock(self.clock)

    def catalogue_folders(self) -> list[Path]:
        """Return the user's catalogue folders, in the order given."""
        return [Path(part) for part in self.catalogue_path.split(":") if part]

    def check(self) -> Settings:
        """Return self if it is fit for its profile.

        Raises:
            SettingsError: in production with a default secret or without servers.
        """
        if (self.tls_cert is None) != (self.tls_key is None):
            raise SettingsError("ZD_TLS_CERT and ZD_TLS_KEY belong together: set both, or neither.")
        if self.profile == "production":
            defaults = [
                name
                for name, bad in {
                    "ZD_SECRET_KEY": self.secret_key == DEFAULT_SECRET,
                    "ZD_STAFF_TOKEN": self.staff_token == DEFAULT_SECRET,
                    "ZD_STAFF_PASSWORD": self.staff_password == DEFAULT_PASSWORD,
                    "ZD_DATABASE": not self.database,
                    "ZD_LOG": not self.log,
                    # its receiver knows it: with the secret key it could sign links and sessions as well
                    "ZD_WEBHOOK_SECRET": bool(self.webhook_url)
                    and self.webhook_secret in ("", self.secret_key, self.staff_token),
                    "ZD_PARTNER_WEBHOOK_SECRET": bool(self.partner_webhook_url)
                    and self.partner_webhook_secret
                    in ("", self.secret_key, self.staff_token, self.webhook_secret),
                }.items()
                if bad
            ]
            if defaults:
                raise SettingsError(
                    "The production profile refuses default values, and one secret for two things: "
                    f"set {', '.join(defaults)}."
                )
        return self


def load_settings() -> Settings:
    """Read the settings of this process.

    Raises:
        SettingsError: naming the variable that is wrong and what is wrong with it.
    """
    try:
        return Settings().check()
    except ValidationError as error:
        first = error.errors()[0]
        name = "ZD_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"{name} is not usable: {first['msg']}.") from error
    except (UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"The file .env cannot be read: {error}.") from error
