"""Read catalogue files, with errors that name file, line and field."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from zerodistance.catalogue.model import (
    ApplianceType,
    Catalogue,
    Channel,
    Command,
    Event,
    Fault,
    FaultCode,
    Feature,
    Part,
    Text,
)
from zerodistance.errors import CatalogueError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_SECTIONS: dict[str, Any] = {
    "channels": Channel,
    "features": Feature,
    "parts": Part,
    "commands": Command,
    "events": Event,
    "fault_codes": FaultCode,
    "faults": Fault,
}
# Columns that every telemetry table has: a channel of that name would collide.
RESERVED = frozenset({"time", "device_id", "tenant_id", "boot", "seq", "received_at", "skew_ms", "quality"})


def built_in_folder() -> Path:
    """Return the folder with the types that come with the platform."""
    return Path(str(resources.files("zerodistance.catalogue")))


def load_catalogue(folders: Iterable[Path] = ()) -> Catalogue:
    """Load the built-in types, then those in ``folders``; a later file replaces a type of the same name.

    Raises:
        CatalogueError: for the first thing that is wrong, naming file, line and field.
    """
    catalogue = Catalogue()
    for folder in (built_in_folder(), *folders):
        if not folder.is_dir():
            raise CatalogueError(f"{folder} is not a folder: correct ZD_CATALOGUE_PATH.")
        for path in sorted(folder.glob("*.toml")):
            appliance = load_file(path)
            catalogue[appliance.type] = appliance
    return catalogue


def load_file(path: Path) -> ApplianceType:
    """Load and check one catalogue file.

    Raises:
        CatalogueError: naming file, line and field.
    """
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except OSError as error:
        raise CatalogueError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CatalogueError(f"{path}: is not UTF-8 text (byte {error.start}).") from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), ", str(error))
        line = f":{place[1]}" if place else ""
        raise CatalogueError(f"{path}{line}: is not TOML: {error}.") from error
    try:
        appliance = msgspec.convert(raw, ApplianceType, strict=False)
    except msgspec.ValidationError as error:
        field, message = _explain(raw, error)
        raise CatalogueError(f"{path}{_line(text, field)}: {field or 'the file'}: {message}.") from error
    for field, problem in _problems(appliance, path.stem):
        raise CatalogueError(f"{path}{_line(text, field)}: {field}: {problem}.")
    return appliance


def _explain(raw: dict[str, Any], error: msgspec.ValidationError) -> tuple[str, str]:
    """Return (field, what is wrong with it); msgspec itself does not say in which entry of a section."""
    for section, shape in _SECTIONS.items():
        entries = raw.get(section)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            try:
                msgspec.convert(entry, shape, strict=False)
            except msgspec.ValidationError as inner:
                return _field(inner, f"{section}.{name}")
    return _field(error, "")


def _field(error: msgspec.ValidationError, prefix: str) -> tuple[str, str]:
    message, _, where = str(error).partition(" - at `$")
    parts = [prefix, where.rstrip("`").replace("[...]", "").strip(".")]
    unknown = re.search(r"unknown field `([^`]+)`", message)
    if unknown:
        parts.append(unknown[1])
    return ".".join(part for part in parts if part), message


def _problems(a: ApplianceType, stem: str) -> Iterable[tuple[str, str]]:
    """Yield (field, what is wrong) for everything that the structs alone cannot check."""
    if a.type != stem:
        yield "type", f"is {a.type!r}, but the file is called {stem}.toml: they must agree"
    names: dict[str, Iterable[str]] = {
        "type": [a.type],
        "channels": a.channels,
        "features": a.features,
        "parts": a.parts,
        "commands": a.commands,
        "events": a.events,
        "faults": a.faults,
    }
    for section, entries in names.items():
        for name in entries:
            if not _NAME.fullmatch(name):
                yield f"{section}.{name}", "use up to 48 lower-case letters, digits and underscores"
    if not a.channels:
        yield "channels", "a type needs at least one channel"
    if a.period_s <= 0:
        yield "period_s", "must be above 0 seconds"
    for name, channel in a.channels.items():
        yield from _channel_problems(name, channel.valid, channel.normal)
        yield from _untitled(f"channels.{name}.title", channel.title)
    for name, feature in a.features.items():
        named = {
            "channel": (feature.channel,),
            "corrected_for": feature.corrected_for,
            "while_on": (feature.while_on,),
            "over": (feature.over,),
            "relative_to": (feature.relative_to,),
            "when": (feature.when,),
            "above_of": (feature.above_of,),
            "steady": tuple(feature.steady),
            "per": (feature.per,),
        }
        for field, references in named.items():
            for reference in filter(None, references):
                if reference not in a.channels:
                    yield (
                        f"features.{name}.{field}",
                        f"names the channel {reference!r}, which is not in channels",
                    )
        if (feature.kind == "ratio") != bool(feature.over):
            yield f"features.{name}.over", "names the channel that a ratio is divided by, of a ratio only"
        if feature.below is not None and feature.below <= feature.above:
            yield f"features.{name}.below", f"must lie above the threshold {feature.above:g}"
        if feature.release is not None and feature.release > feature.above:
            yield f"features.{name}.release", f"must not lie above the threshold {feature.above:g}"
        if feature.when_below <= feature.when_above:
            yield f"features.{name}.when_below", f"must lie above when_above {feature.when_above:g}"
        if feature.above_of and feature.kind not in ("duty", "level_on"):
            yield f"features.{name}.kind", "above_of is for duty and level_on only"
        if feature.per and feature.kind != "mean":
            yield f"features.{name}.kind", "per is for a mean only"
        if min(feature.per_least, feature.per_at) <= 0:
            yield f"features.{name}.per", "per_least and per_at must be above 0"
        if feature.lasting_minutes < 0:
            yield f"features.{name}.lasting_minutes", "must not be negative"
    for name, code in a.fault_codes.items():
        if code.fault and code.fault not in a.faults:
            yield f"fault_codes.{name}.fault", f"names the fault {code.fault!r}, which is not in faults"
        if code.fault and code.notice:
            yield f"fault_codes.{name}.notice", "a mere notice points to no fault: leave out one of the two"
    for name, fault in a.faults.items():
        yield from _untitled(f"faults.{name}.title", fault.title)
        yield from _untitled(f"faults.{name}.advice", fault.advice)
        if fault.part and fault.part not in a.parts:
            yield f"faults.{name}.part", f"names the part {fault.part!r}, which is not in parts"
        if fault.command and fault.command not in a.commands:
            yield f"faults.{name}.command", f"names the command {fault.command!r}, which is not in commands"
        for feature_name in fault.signature:
            if feature_name not in a.features:
                yield (
                    f"faults.{name}.signature",
                    f"names the feature {feature_name!r}, which is not in features",
                )
        if not 0.5 <= fault.evident <= 1.0:
            yield f"faults.{name}.evident", f"{fault.evident:g} must be between 0.5 and 1"
        if fault.wears_with and fault.wears_with not in a.features:
            yield (
                f"faults.{name}.wears_with",
                f"names the feature {fault.wears_with!r}, which is not in features",
            )
        for feature_name in fault.necessary:
            if fault.signature.get(feature_name, "steady") == "steady":
                yield f"faults.{name}.necessary", f"{feature_name!r} must go up or down in the signature"
        for feature_name, change in fault.lost_at.items():
            direction = {"up": 1.0, "down": -1.0}.get(fault.signature.get(feature_name, ""), 0.0)
            if change * direction <= 0:
                yield f"faults.{name}.lost_at", f"{feature_name!r} must change as the signature says"
        for reference in fault.invalid:
            if reference not in a.channels:
                yield f"faults.{name}.invalid", f"names the channel {reference!r}, which is not in channels"
        if fault.question is not None:
            yield from _untitled(f"faults.{name}.question.text", fault.question.text)
            if not fault.question.answers:
                yield f"faults.{name}.question.answers", "a question needs at least one answer"


def _channel_problems(
    name: str, valid: tuple[float, float], normal: tuple[float, float] | None
) -> Iterable[tuple[str, str]]:
    if name in RESERVED:
        yield f"channels.{name}", "is the name of a column that every table has: choose another"
    if not all(map(math.isfinite, valid)):
        yield f"channels.{name}.valid", f"{list(valid)} needs two numbers that are finite"
    elif not valid[0] < valid[1]:
        yield f"channels.{name}.valid", f"{list(valid)} is not a range: the lower end comes first"
    if normal and not (valid[0] <= normal[0] < normal[1] <= valid[1]):
        yield f"channels.{name}.normal", f"{list(normal)} must be a range inside valid {list(valid)}"


def _untitled(field: str, text: Text) -> Iterable[tuple[str, str]]:
    if not text.get("en"):
        yield field, "needs at least the language 'en'"


def _line(text: str, field: str) -> str:
    """Return ``:line`` of the place in the file that comes nearest to ``field``, or nothing."""
    parts = re.sub(r"\[\d+\]", "", field).split(".") if field else []
    lines = text.splitlines()
    for depth in range(len(parts), 0, -1):
        header = re.compile(rf"\s*\[+\s*{re.escape('.'.join(parts[:depth]))}\s*\]")
        for number, line in enumerate(lines, start=1):
            if not header.match(line):
                continue
            for offset, inner in enumerate(lines[number:], start=number + 1):
                if inner.lstrip().startswith("["):
                    break
                if depth < len(parts) and re.match(rf"\s*{re.escape(parts[depth])}\s*[=.]", inner):
                    return f":{offset}"
            return f":{number}"
    for number, line in enumerate(lines, start=1):
        if parts and re.match(rf"\s*{re.escape(parts[0])}\s*[=.]", line):
            return f":{number}"
    return ""
