"""The catalogue as a document for people: one Markdown section for each appliance type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from zerodistance.catalogue.model import ApplianceType, Argument, Catalogue, Channel, Fault, Feature, Text

_ARROWS = {"up": "↑", "down": "↓", "steady": "→"}


def render_reference(catalogue: Catalogue, language: str = "en") -> str:
    """Return the reference of all types in Markdown.

    Args:
        catalogue: what to describe.
        language: of the titles; where one lacks it, English.
    """
    lines = [
        "# Appliance types",
        "",
        "Made by `zerodistance catalogue docs` from the catalogue files. Do not edit.",
        "",
        *_table(
            ("type", "title", "ecosystem", "channels", "faults"),
            (
                (
                    f"[`{a.type}`](#{a.type})",
                    _text(a.title, language),
                    a.ecosystem,
                    str(len(a.channels)),
                    str(len(a.faults)),
                )
                for a in _sorted(catalogue)
            ),
        ),
    ]
    for appliance in _sorted(catalogue):
        lines += ["", *_appliance(appliance, language)]
    return "\n".join(lines) + "\n"


def render_type(appliance: ApplianceType, language: str = "en") -> str:
    """Return the section of one type in Markdown."""
    return "\n".join(_appliance(appliance, language)) + "\n"


def _sorted(catalogue: Catalogue) -> list[ApplianceType]:
    return [catalogue[name] for name in sorted(catalogue)]


def _appliance(a: ApplianceType, language: str) -> Iterator[str]:
    yield f"## {a.type}"
    yield ""
    yield (
        f"{_text(a.title, language)}. Ecosystem {a.ecosystem}, version {a.version}, "
        f"a sample every {a.period_s:g} s, raw data kept for {a.retention_days} days, table `{a.table}`."
    )
    sections: list[tuple[str, tuple[str, ...], Iterable[tuple[str, ...]]]] = [
        (
            "Channels",
            ("channel", "title", "kind", "unit", "device class", "valid", "normal", "every"),
            (_channel(a, name, channel, language) for name, channel in a.channels.items()),
        ),
        (
            "Features",
            ("feature", "title", "of", "channel", "judged"),
            (_feature(name, feature, language) for name, feature in a.features.items()),
        ),
        (
            "Parts",
            ("part", "title", "life", "skill"),
            (
                (f"`{name}`", _text(part.title, language), f"{part.life_years:g} years", part.skill)
                for name, part in a.parts.items()
            ),
        ),
        (
            "Commands",
            ("command", "title", "arguments", "owner's consent", "timeout"),
            (
                (
                    f"`{name}`",
                    _text(command.title, language),
                    "; ".join(_argument(key, argument) for key, argument in command.arguments.items()),
                    "needed" if command.consent else "",
                    f"{command.timeout_s:g} s",
                )
                for name, command in a.commands.items()
            ),
        ),
        (
            "Events",
            ("event", "title", "data"),
            (
                (
                    f"`{name}`",
                    _text(event.title, language),
                    ", ".join(f"{key} ({kind})" for key, kind in event.data.items()),
                )
                for name, event in a.events.items()
            ),
        ),
        (
            "Fault codes",
            ("code", "title", "means"),
            (
                (
                    f"`{name}`",
                    _text(code.title, language),
                    f"`{code.fault}`" if code.fault else "a notice" * code.notice,
                )
                for name, code in a.fault_codes.items()
            ),
        ),
        (
            "Faults",
            ("fault", "title", "urgency", "put right by", "shows in", "signature", "part"),
            (_fault(name, fault, language) for name, fault in a.faults.items()),
        ),
    ]
    for title, header, rows in sections:
        body = list(rows)
        if body:
            yield from ("", f"### {title}", "")
            yield from _table(header, body)
    questions = {name: fault.question for name, fault in a.faults.items() if fault.question}
    if questions:
        yield from ("", "### Questions to the owner", "")
        for name, question in questions.items():
            answers = " / ".join(_text(answer, language) for answer in question.answers.values())
            yield (
                f"- `{name}`, answer within {question.deadline_minutes:g} minutes: "
                f"{_text(question.text, language)} ({answers})"
            )


def _channel(a: ApplianceType, name: str, channel: Channel, language: str) -> tuple[str, ...]:
    return (
        f"`{name}`",
        _text(channel.title, language),
        channel.kind,
        channel.unit,
        channel.device_class,
        _range(channel.valid),
        _range(channel.normal),
        f"{channel.period_s or a.period_s:g} s",
    )


_WITH_THRESHOLD = ("duty", "falling", "level_on", "idle", "starts", "on_time", "rest_time", "since")


def _feature(name: str, feature: Feature, language: str) -> tuple[str, ...]:
    above = f" above {feature.above:g}" if feature.kind in _WITH_THRESHOLD else ""
    if feature.above_of:
        above = f" while `{feature.above_of}`{above}"
    if feature.below is not None:
        above += f" and below {feature.below:g}"
    above += f" over `{feature.over}`" if feature.over else ""
    judged = [f"corrected for `{other}`" for other in feature.corrected_for]
    if feature.while_on:
        judged.append(f"while `{feature.while_on}` is on")
    judged += [f"while `{other}` stays within {within:g}" for other, within in feature.steady.items()]
    if feature.per:
        judged.append(f"at `{feature.per}` {feature.per_at:g}")
    if feature.relative_to:
        judged.append(f"against `{feature.relative_to}`")
    return (
        f"`{name}`",
        _text(feature.title, language),
        feature.kind + above,
        f"`{feature.channel}`",
        ", ".join(judged),
    )


def _fault(name: str, fault: Fault, language: str) -> tuple[str, ...]:
    signature = ", ".join(f"{feature} {_ARROWS[way]}" for feature, way in fault.signature.items())
    return (
        f"`{name}`",
        _text(fault.title, language),
        fault.urgency,
        fault.remedy,
        fault.time_scale,
        signature,
        f"`{fault.part}`" if fault.part else "",
    )


def _argument(name: str, argument: Argument) -> str:
    if argument.choices:
        return f"{name}: {' or '.join(argument.choices)}"
    limits = f" {_range(argument.range)}" if argument.range else ""
    return f"{name}: {argument.type}{limits} {argument.unit}".rstrip()


def _range(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{ends[0]:g} … {ends[1]:g}"


def _text(text: Text, language: str) -> str:
    return text.get(language) or text.get("en", "")


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + " --- |" * len(header)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
