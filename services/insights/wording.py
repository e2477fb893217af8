"""The sentences of the energy insight, in English and Chinese: what happened, what to do, what it saves."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from zerodistance.catalogue import Text

# Bringing a litre of water from 15 °C to the boil takes 0.099 kWh (4.186 kJ/(kg·K) × 85 K); a kettle wastes
# about a tenth of what it draws.
_KWH_PER_LITRE_BOILED = 0.11


class Reason(StrEnum):
    """What was different on the day, and so what to do."""

    DOOR = "door"
    COLD_SETTING = "cold_setting"
    WARM_PLACE = "warm_place"
    ROOM_SETTING = "room_setting"
    RUNNING = "running"
    FILTER = "filter"
    COMPARTMENT = "compartment"
    UNKNOWN = "unknown"


_ADVICE: dict[Reason, Text] = {
    Reason.DOOR: {
        "en": "Its door stood open for longer than usual. Take things out in one go and close it right away",
        "zh": "当天开门时间比平时长。请一次取齐、随手关门",
    },
    Reason.COLD_SETTING: {
        "en": "It was set colder than usual. Four degrees keep food just as well: set it back",
        "zh": "当天温度设得比平时低。4℃足以保鲜，请调回",
    },
    Reason.WARM_PLACE: {
        "en": "It stood in warmer air than usual. Keep sun and stove away from it and leave a hand's breadth "
        "behind it, so that it gets rid of its heat",
        "zh": "当天周围空气比平时热。请避开阳光和炉灶，背后留出一掌宽的散热空间",
    },
    Reason.ROOM_SETTING: {
        "en": "It was set further from the weather than it need be. Set 26 °C in summer or 20 °C in winter",
        "zh": "设定温度与天气相差过大。夏季请设26℃，冬季请设20℃",
    },
    Reason.RUNNING: {
        "en": "It ran for longer than usual. Switch it off when you leave, or set its timer for the night",
        "zh": "当天运行时间比平时长。离开房间时请关机，夜间可用定时",
    },
    Reason.FILTER: {
        "en": "It ran no longer than usual and still needed more. Rinse its filter, keep windows shut",
        "zh": "运行时间没变，耗电却更多。请清洗滤网，并关好门窗",
    },
    Reason.COMPARTMENT: {
        "en": "Let warm food cool down first, and see that its vents are free and its door seals all around",
        "zh": "热食请放凉再放入，别挡住出风口，并检查门封是否贴合",
    },
    Reason.UNKNOWN: {
        "en": "Think what was different on that day, and switch it off fully when you do not need it",
        "zh": "想想当天有什么不同，不用时请彻底关机",
    },
}
_WEEKDAYS: dict[str, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}


def tell(
    title: Text,
    day: date,
    weekend: bool,
    kwh: float,
    usual: float,
    reason: Reason,
    saving: float,
    saving_month: float,
) -> Text:
    """Return the insight as an owner reads it, by language; energies in kWh."""
    litres = max(1, round((kwh - usual) / _KWH_PER_LITRE_BOILED))
    water = "1 litre" if litres == 1 else f"{litres} litres"
    english, chinese = title["en"].lower(), title.get("zh", title["en"])
    kind_en, kind_zh = ("weekend day", "周末") if weekend else ("workday", "工作日")
    return {
        "en": (
            f"On {_WEEKDAYS['en'][day.weekday()]} your {english} used {kwh:.1f} kWh; on a usual {kind_en} it "
            f"is {usual:.1f}. The difference would boil {water} of water for tea. {_ADVICE[reason]['en']}: "
            f"that saves up to {saving:.1f} kWh a day, about "
            f"{_amount(saving_month)} kWh a month."
        ),
        "zh": (
            f"{_WEEKDAYS['zh'][day.weekday()]}，您的{chinese}用电{kwh:.1f}度，平常{kind_zh}为{usual:.1f}度，"
            f"多出的电够烧开{litres}升水泡茶。{_ADVICE[reason]['zh']}：每天最多可省{saving:.1f}度，"
            f"每月约{_amount(saving_month)}度。"
        ),
    }


def _amount(kwh: float) -> str:
    return f"{kwh:.0f}" if kwh >= 3 else f"{kwh:.1f}"
