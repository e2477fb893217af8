"""The card of a model: what it was made of, how good it is, from which probability on it speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.learning import training
from models.learning.classifier import Learned
from models.learning.examples import Example, digest, tally
from models.learning.files import describe
from models.plan import TypePlan

LIMITS = (
    "Labels are what people wrote when they closed tickets; they had read the champion's answer before.",
    "Incidents that nobody looked at (recovered, put right by the owner) are no labels: what is seldom "
    "worth a visit is seldom learned.",
    "Simulated incidents have the physics of the simulator, a quarter of a ticket's weight beside tickets.",
    "It names causes; when something is wrong is decided by the detectors, which it does not change.",
)


def make_card(
    plan: TypePlan,
    model: Learned,
    examples: Sequence[Example],
    metrics: Mapping[str, Any],
    *,
    created_at: str,
    created_by: str,
    reason: str,
    code: Mapping[str, str],
) -> dict[str, Any]:
    """Return the card as JSON values.

    Args:
        plan: of the type.
        model: trained on ``examples``.
        examples: all of them.
        metrics: as :func:`models.learning.judging.evaluate` returns them.
        created_at: RFC 3339; ``created_by`` who, and the ``reason`` given.
        code: versions of the code and its libraries.
    """
    tickets = sorted({one.ticket for one in examples if one.ticket})
    return {
        "version": model.version,
        "type": plan.appliance.type,
        "created_at": created_at,
        "created_by": created_by,
        "reason": reason,
        "catalogue": plan.version,
        "code": dict(code),
        "data": {
            "sha256": digest(examples),
            "looks": len(examples),
            "incidents": len({one.incident for one in examples}),
            "devices": len({one.device for one in examples}),
            "tickets": len(tickets),
            "simulated_incidents": len({one.incident for one in examples if one.source == "simulated"}),
            "outcomes": tally(examples),
        },
        "method": {
            "classifier": "logistic regression over saturated residuals and signature evidence",
            "calibration": f"sigmoid of one slope (temperature), {training.FOLDS} folds by device",
            "share": "mixed with the signatures' probabilities; half of what was earned at "
            f"{training.SHRINK:g} labelled incidents",
            "least_devices": training.LEAST_DEVICES,
            "wrong_costs": training.WRONG_COSTS,
            "seed": training.SEED,
        },
        "thresholds": {"likely": model.likely},
        "metrics": dict(metrics),
        "model": describe(model),
        "limits": list(LIMITS),
    }


def text_of(card: Mapping[str, Any]) -> str:
    """Return a card for people, in Markdown."""
    data, model, metrics = card["data"], card["model"], card["metrics"]
    outcomes = [
        f"| {outcome} | {label} | {number} |"
        for outcome, labels in data["outcomes"].items()
        for label, number in labels.items()
    ]
    rows = [
        f"| {title} | {_range(metrics['signatures'][key])} | {_range(metrics['learned'][key])} |"
        for title, key in (
            ("wrong cause", "wrong_rate"),
            ("unknown", "unknown_rate"),
            ("names a cause where none was found", "false_names"),
            ("log loss", "log_loss"),
            ("Brier score", "brier"),
            ("calibration error", "calibration_error"),
        )
    ]
    reliable = [
        f"| {row['from']:.1f}–{row['from'] + 0.1:.1f} | {row['incidents']} | {row['said']:.2f} | "
        f"{row['right']:.2f} |"
        for row in metrics["learned"]["reliability"]
    ]
    return "\n".join(
        [
            f"# {card['version']}",
            "",
            f"Names the cause of findings on a {card['type']}. Trained {card['created_at']} by "
            f"{card['created_by']}: {card['reason']}",
            "",
            f"- Data: {data['incidents']} incidents of {data['devices']} devices ({data['tickets']} tickets, "
            f"{data['simulated_incidents']} simulated), SHA-256 {data['sha256'][:16]}…",
            f"- Code: {', '.join(f'{name} {value}' for name, value in card['code'].items())}; "
            f"catalogue {card['catalogue']}",
            f"- It has {model['share']:.0%} of the word beside the signatures, knows "
            f"{', '.join(model['covered'])}, and names nothing below {model['likely']:.2f}.",
            "",
            "| outcome | label | incidents |",
            "| --- | --- | ---: |",
            *outcomes,
            "",
            "On devices held out (95 % of a bootstrap over devices):",
            "",
            "| figure | signatures | learned |",
            "| --- | ---: | ---: |",
            *rows,
            "",
            "| said | incidents | mean said | right |",
            "| --- | ---: | ---: | ---: |",
            *reliable,
            "",
            *(f"- {limit}" for limit in card["limits"]),
        ]
    )


def _range(value: Any) -> str:
    """Return a figure with its interval: ``0.04 (0.01–0.08)``."""
    if value is None:
        return "–"
    if isinstance(value, list):
        return f"{value[0]:.3g} ({value[1]:.3g}–{value[2]:.3g})"
    return f"{value:.3g}"
