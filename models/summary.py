"""Sentences as an engineer would write them, in English and Chinese, with the numbers that carry them."""

from __future__ import annotations

from datetime import UTC, datetime

from models.plan import UNKNOWN, Floats, TypePlan
from models.prognosis import Outlook

Text = dict[str, str]
QUIET = 1.0
"""A residual that counts at most this has not moved."""


def describe_evidence(plan: TypePlan, feature: str, observed: float, expected: float, unit: str) -> Text:
    """Return one clause, for example ``fresh-food temperature 9.1 °C (expected 4.2 °C)``."""
    title = plan.appliance.features[feature].title
    seen, usual = _number(observed, unit), _number(expected, unit)
    return {
        "en": f"{title['en']} {seen} (expected {usual})",
        "zh": f"{title.get('zh', title['en'])}{seen}（预期{usual}）",
    }


def rule_out(plan: TypePlan, fault: int, counted: Floats, observed: Floats, expected: Floats) -> Text | None:
    """Return why a fault is not it: the feature that speaks most clearly against its signature, or None."""
    worst, reason = 0.0, None
    for f, name in enumerate(plan.features):
        direction, value = plan.signature[fault, f], float(counted[f])
        if value != value:  # not known: it speaks for nothing
            continue
        if direction and value * direction <= QUIET:
            against, kind = 2.0 - value * direction, "silent" if abs(value) <= QUIET else "opposite"
        elif plan.steady[fault, f] and abs(value) > 3.0:
            against, kind = abs(value) - 1.0, "moved"
        else:
            continue
        if against > worst:
            worst = against
            reason = _reason(plan, f, name, kind, direction, float(observed[f]), float(expected[f]))
    return reason


def summarise(
    plan: TypePlan,
    *,
    state: str,
    cause: str,
    probability: float,
    onset_us: int,
    time_us: int,
    shown: list[Text],
    codes: list[str],
    invalid: list[str],
) -> Text:
    """Return the summary by language.

    Args:
        plan: the type.
        state: open or cleared.
        cause: fault or unknown.
        probability: of the cause.
        onset_us: since when.
        time_us: now, event time.
        shown: clauses of the strongest evidence.
        codes: fault codes that the appliance raises.
        invalid: channels whose readings are impossible.
    """
    since, now = _time(onset_us), _time(time_us)
    if cause == UNKNOWN:
        what = {"en": "Something is wrong, cause not yet known", "zh": "出现异常，原因未明"}
    else:
        title = plan.appliance.faults[cause].title
        share = f"{round(100 * probability)} %"
        what = {
            "en": f"{title['en']} ({share})",
            "zh": f"{title.get('zh', title['en'])}（{share}）",
        }
    if state == "cleared":
        return {
            "en": f"Back to normal at {now} after {_duration(time_us - onset_us, 'en')}: "
            f"{what['en'][0].lower()}{what['en'][1:]}, since {since}.",
            "zh": f"{now} 恢复正常，历时{_duration(time_us - onset_us, 'zh')}：{what['zh']}，始于 {since}。",
        }
    clauses = {"en": [text["en"] for text in shown], "zh": [text["zh"] for text in shown]}
    for name in invalid:
        title = plan.appliance.channels[name].title
        clauses["en"].append(f"the reading of {title['en'].lower()} is not possible")
        clauses["zh"].append(f"{title.get('zh', title['en'])}读数不可能")
    for code in codes:
        title = plan.appliance.fault_codes[code].title
        clauses["en"].append(f"the appliance reports {code} ({title['en'].lower()})")
        clauses["zh"].append(f"设备上报 {code}（{title.get('zh', title['en'])}）")
    if not clauses["en"]:
        clauses = {"en": ["readings differ from what is usual"], "zh": ["读数偏离常态"]}
    return {
        "en": f"{what['en']} since {since}: {', '.join(clauses['en'])}.",
        "zh": f"自 {since} 起{what['zh']}：{'，'.join(clauses['zh'])}。",
    }


def put_right(plan: TypePlan, cause: str, time_us: int) -> Text:
    """Return what is said of a slow finding that ends because its appliance was repaired.

    Nobody has seen yet that its readings are normal: what creeps shows within days.
    """
    now = _time(time_us)
    title = {"en": "cause not known", "zh": "原因未明"}
    if cause != UNKNOWN:
        title = plan.appliance.faults[cause].title
    return {
        "en": f"Repaired at {now} ({title['en'][0].lower()}{title['en'][1:]}): "
        "what is normal is learned anew.",
        "zh": f"{now} 已维修（{title.get('zh', title['en'])}）：重新学习正常状态。",
    }


def worn_out(
    plan: TypePlan, cause: str, age: float, life: float, outlook: Outlook, now_us: int, *, replaced: bool
) -> Text:
    """Return what is said of a part that is judged by its age and use alone, or of its being replaced.

    Args:
        plan: the type.
        cause: the fault.
        age: years of usual use.
        life: median life in years.
        outlook: from now until so many of its kind have failed.
        now_us: event time.
        replaced: it is new.
    """
    title = plan.appliance.faults[cause].title
    zh = title.get("zh", title["en"])
    if replaced:
        return {
            "en": f"Replaced at {_time(now_us)}: {title['en'][0].lower()}{title['en'][1:]}.",
            "zh": f"{_time(now_us)} 已更换：{zh}。",
        }
    low, half, high = (
        _time(now_us + round(days * 86400e6))[:10] for days in (outlook.low, outlook.days, outlook.high)
    )
    return {
        "en": f"{title['en']}, by age and use: {age:.1f} years of usual use of a part for about {life:g}. "
        f"Half of such parts have failed by {half}; 80 % of those that work now fail {low} to {high}.",
        "zh": f"{zh}（按使用年限与用量）：已相当于使用 {age:.1f} 年，寿命约 {life:g} 年。"
        f"同类部件约半数将在 {half} 前失效；目前完好者八成将在 {low} 至 {high} 之间失效。",
    }


def foretelling(language: str, outlook: Outlook, now_us: int) -> str:
    """Return the sentence that says when the function is expected to be lost."""
    low, middle, high = (
        _time(now_us + round(days * 86400e6))[:10] for days in (outlook.low, outlook.days, outlook.high)
    )
    return {
        "en": f" At this pace it no longer does what it is for by {middle} (between {low} and {high}).",
        "zh": f"按此趋势，预计 {middle} 前后失去功能（{low} 至 {high} 之间）。",
    }[language]


def _reason(
    plan: TypePlan, f: int, name: str, kind: str, direction: float, observed: float, expected: float
) -> Text:
    unit, factor = plan.display(f)
    seen, usual = _number(observed * factor, unit), _number(expected * factor, unit)
    title = plan.appliance.features[name].title
    zh = title.get("zh", title["en"])
    if kind == "moved":
        return {
            "en": f"{title['en']} would not change, but is {seen} (expected {usual})",
            "zh": f"{zh}本不应变化，实为{seen}（预期{usual}）",
        }
    way = {"en": "higher", "zh": "偏高"} if direction > 0 else {"en": "lower", "zh": "偏低"}
    if kind == "silent":
        return {
            "en": f"{title['en']} should be {way['en']}, but is as usual: {seen} (expected {usual})",
            "zh": f"{zh}应{way['zh']}，但正常：{seen}（预期{usual}）",
        }
    return {
        "en": f"{title['en']} should be {way['en']}, but is the opposite: {seen} (expected {usual})",
        "zh": f"{zh}应{way['zh']}，却相反：{seen}（预期{usual}）",
    }


def _number(value: float, unit: str) -> str:
    size = abs(value)
    digits = 0 if unit == "%" or size >= 100 else 1 if size >= 1 else 2
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return f"{text} {unit}".strip()


def _time(moment_us: int) -> str:
    return datetime.fromtimestamp(moment_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _duration(span_us: int, language: str) -> str:
    minutes = max(1, round(span_us / 60e6))
    units = {"en": (" min", " h", " days"), "zh": ("分钟", "小时", "天")}[language]
    if minutes < 120:
        return f"{minutes}{units[0]}"
    if minutes < 48 * 60:
        return f"{minutes / 60:.1f}{units[1]}"
    return f"{minutes / 1440:.1f}{units[2]}"
