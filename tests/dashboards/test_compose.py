"""docker-compose.yml and Dockerfile, as far as they can be checked without a Docker engine."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from dashboards.query import DATASOURCE_UID, PLUGIN
from tests.dashboards.compose import (
    ROOT,
    MissingVariableError,
    example_variables,
    interpolate,
    load_compose,
    services,
    variables,
)
from zerodistance import cli
from zerodistance.settings import Settings

SERVICES = services()
PLATFORM = sorted(n for n, s in SERVICES.items() if s["image"].startswith("zerodistance:"))
ONE_SHOT = {"certificates", "broker-files", "migrate", "dashboards", "grafana-reader"}
RUNNING = sorted(set(SERVICES) - ONE_SHOT)
FILLED = {name: value or f"{name.lower()}-0123456789abcdef" for name, value in example_variables().items()}


def test_every_process_of_the_platform_is_there() -> None:
    commands = {" ".join(SERVICES[name]["command"]) for name in PLATFORM}
    for command in ("migrate", "ingest", "stream store", "stream diagnose", "work", "serve", "console"):
        assert command in commands
    assert SERVICES["simulate"]["profiles"] == ["simulate"]


@pytest.mark.parametrize("name", PLATFORM)
def test_the_command_exists_with_its_options(name: str) -> None:
    words = SERVICES[name]["command"]
    module, _ = cli._COMMANDS[words[0]]
    command: Any = get_command(importlib.import_module(module).app)
    for word in words[1:]:
        command = getattr(command, "commands", {}).get(word, command)
    alone = not hasattr(command, "commands") or command.invoke_without_command
    assert alone, f"{' '.join(words)} names no command"
    for word in words:
        if word.startswith("/app/"):
            assert (ROOT / word.removeprefix("/app/")).exists(), word
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("name", PLATFORM)
def test_the_settings_exist_and_are_fit_for_production(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = SERVICES[name]["environment"]
    for key, value in environment.items():
        assert key.removeprefix("ZD_").lower() in Settings.model_fields, key
        monkeypatch.setenv(key, interpolate(value, FILLED))
    settings = Settings(_env_file=None).check()
    assert settings.profile == "production"
    assert "${" not in "".join(map(str, settings.model_dump().values()))


# Without these there is no webhook, no partner, no mail or SMS, no adapters, no proxy, no sign-in elsewhere.
_OPTIONAL = {
    "ZD_TRUSTED_PROXIES",
    "MQTT_MORE_ACCOUNTS",
    "ZD_WEBHOOK_SECRET",
    "ZD_WEBHOOK_URL",
    "ZD_PARTNER_WEBHOOK_URL",
    "ZD_PARTNER_WEBHOOK_SECRET",  # asked for by the settings' own check as soon as there is an address
    "ZD_STAFF_CHANNELS",
    "ZD_OWNER_CHANNELS",
    "ZD_ADAPTERS",
    "ZD_ADAPTERS_ZONE",
    "ZD_OIDC_ISSUER",
    "ZD_OIDC_CLIENT_ID",
    "ZD_OIDC_CLIENT_SECRET",  # a public client has none
    "ZD_OIDC_REDIRECTS",
}


@pytest.mark.parametrize("secret", sorted({n for n, v in example_variables().items() if not v} - _OPTIONAL))
def test_no_secret_has_a_default(secret: str) -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    with pytest.raises(MissingVariableError, match=secret):
        interpolate(text, {**FILLED, secret: ""})


def test_the_example_names_every_variable_and_no_other() -> None:
    body = (ROOT / "docker-compose.yml").read_text(encoding="utf-8").split("\nservices:", 1)
    read = variables(body[0].split("\nname:", 1)[1] + body[1])
    assert read == set(example_variables())


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].partition(":")
    assert image
    assert re.match(r"\d+\.\d+\.\d+(-[a-z0-9]+)?$", tag), f"{tag} floats"


def test_pins_agree_with_what_is_tested() -> None:
    pom = (ROOT / "tests/kafka/pom.xml").read_text(encoding="utf-8")
    version = re.search(r"<kafka.version>(.+?)<", pom)
    assert version is not None
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{version[1]}"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sdk = next(d for d in project["dependencies"] if d.startswith("grafana-foundation-sdk"))
    schema = sdk.split("!")[1].rsplit(".", 1)[0]
    assert SERVICES["grafana"]["image"].startswith(f"grafana/grafana:{schema}.")
    assert SERVICES["ingest"]["image"] == f"zerodistance:{project['version']}"
    assert SERVICES["grafana-reader"]["image"] == SERVICES["timescaledb"]["image"]


@pytest.mark.parametrize("name", RUNNING)
def test_what_runs_has_a_health_check_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["healthcheck"]["start_period"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(ONE_SHOT))
def test_what_runs_once_does_not_come_back_for_ever(name: str) -> None:
    assert re.fullmatch(r"no|on-failure:\d+", SERVICES[name]["restart"])


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nothing_runs_with_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert service["mem_limit"]
    assert service.get("read_only", False) is (name != "kafka")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nothing_starts_before_what_it_needs(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
        assert how == {"condition": expected}


def test_ports_listen_on_this_machine_unless_told_otherwise() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 5
    assert not [port for port in ports if port.endswith(":1883")], "the listener without TLS is not published"
    for port in ports:
        assert interpolate(port, {}).startswith("127.0.0.1:")


def test_volumes_are_named_and_mounted_files_exist() -> None:
    named = set(load_compose()["volumes"])
    used = set()
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
                assert volume.endswith(":ro")
            else:
                used.add(source)
    assert used == named


def test_state_survives_in_volumes() -> None:
    mounts = {n: [v.split(":")[1] for v in s.get("volumes", []) if v[0] != "."] for n, s in SERVICES.items()}
    assert mounts["timescaledb"] == ["/var/lib/postgresql"]
    assert SERVICES["kafka"]["environment"]["KAFKA_LOG_DIRS"] in mounts["kafka"]
    conf = (ROOT / "deploy/mosquitto.conf").read_text(encoding="utf-8")
    assert f"persistence_location {mounts['mosquitto'][0]}/" in conf


def _yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_grafana_is_provisioned_for_these_dashboards() -> None:
    (source,) = _yaml("deploy/grafana/provisioning/datasources/zerodistance.yaml")["datasources"]
    assert (source["uid"], source["type"]) == (DATASOURCE_UID, PLUGIN)
    database = SERVICES["timescaledb"]["environment"]["POSTGRES_DB"]
    assert (source["url"], source["jsonData"]["database"]) == ("timescaledb:5432", database)
    assert source["secureJsonData"]["password"].removeprefix("$") in SERVICES["grafana"]["environment"]
    (provider,) = _yaml("deploy/grafana/provisioning/dashboards/zerodistance.yaml")["providers"]
    folder = provider["options"]["path"]
    assert f"dashboards:{folder}:ro" in SERVICES["grafana"]["volumes"]
    out = SERVICES["dashboards"]["command"][-1]
    assert f"dashboards:{out}" in SERVICES["dashboards"]["volumes"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{folder}/zd-fleet.json"


# ── Dockerfile and lock files ──────────────────────────────────────────────────────────────────────


def _instructions() -> list[str]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    joined = re.sub(r"\\\n", " ", "\n".join(ln for ln in text.splitlines() if not ln.startswith("#")))
    return [line.strip() for line in joined.splitlines() if line.strip()]


def test_the_image_is_built_in_stages_from_pinned_hashed_parts() -> None:
    lines = _instructions()
    assert next(line for line in lines if line.startswith("ARG")).startswith("ARG PYTHON=3.11.")
    assert len([line for line in lines if line.startswith("FROM python:${PYTHON}")]) == 2
    (install,) = [line for line in lines if "pip install" in line]
    assert "--require-hashes" in install
    assert "-r /tmp/requirements-runtime.lock" in install
    user = max(i for i, line in enumerate(lines) if line.startswith("USER"))
    assert lines[user] == f"USER {SERVICES['ingest']['user']}"
    assert lines[user + 1].startswith("ENTRYPOINT")


def test_the_image_holds_every_room_and_the_build_sees_it() -> None:
    lines = _instructions()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    seen = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for room in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        assert f"COPY {room} /app/{room}" in lines
        assert f"!{room}" in seen


def test_the_image_knows_its_version(tmp_path: Path) -> None:
    (line,) = [line for line in _instructions() if "dist-info" in line]
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    script = line.removeprefix("RUN ").replace("/opt/venv/bin/python", sys.executable)
    script = script.replace("/app", str(tmp_path))
    subprocess.run(["sh", "-c", script], check=True)
    (found,) = distributions(name="zerodistance", path=[str(tmp_path)])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert found.version == project["version"]


def _pins(name: str) -> dict[str, set[str]]:
    """Return the hashes by ``package==version ; marker``."""
    found: dict[str, set[str]] = {}
    pin = ""
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("    --hash="):
            found[pin].add(line.strip().rstrip(" \\"))
        elif line and not line.startswith("#"):
            pin = line.rstrip(" \\")
            found[pin] = set()
    return found


def test_the_runtime_lock_is_the_development_lock_without_development() -> None:
    runtime, everything = _pins("requirements-runtime.lock"), _pins("requirements.lock")
    advice = "write both lock files anew: make lock"
    versions = {pin.split(" ;")[0]: hashes for pin, hashes in everything.items()}
    for pin, hashes in runtime.items():
        assert versions.get(pin.split(" ;")[0]) == hashes, advice
    names = {re.split(r"[=\[ ]", pin)[0] for pin in runtime}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {re.split(r"[\[<>=! ]", d)[0] for d in project["project"]["dependencies"]}
    assert wanted <= names, advice
    tools = {re.split(r"[\[<>=! ]", d)[0].lower() for d in project["dependency-groups"]["dev"]}
    assert not {"pytest", "mypy", "ruff", "playwright"} & names
    assert (tools - names) >= {"pytest", "hypothesis", "uv"}
    for name in ("requirements.lock", "requirements-runtime.lock"):
        assert "://" not in Path(ROOT / name).read_text(encoding="utf-8")
