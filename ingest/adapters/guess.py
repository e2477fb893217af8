"""What an unknown device may be: the word for an appliance in what people called it."""

from __future__ import annotations

import re

from zerodistance.catalogue import Catalogue

# Names people give, in the languages of most plugs; the catalogue's own names and titles are tried before.
_WORDS = {
    "refrigerator": (
        "fridge",
        "refrigerator",
        "kuehlschrank",
        "kühlschrank",
        "frigo",
        "koelkast",
        "nevera",
        "冰箱",
    ),
    "freezer": ("freezer", "gefrier", "tiefkuehl", "tiefkühl", "congelateur", "congélateur", "冷柜", "冰柜"),
    "air_conditioner": ("aircon", "air_con", "airco", "hvac", "klima", "climatis", "空调"),
    "washing_machine": (
        "washer",
        "washing",
        "waschmaschine",
        "lavatrice",
        "lavadora",
        "lave_linge",
        "洗衣机",
    ),
    "dishwasher": ("dishwasher", "spuelmaschine", "spülmaschine", "geschirr", "vaatwasser", "洗碗机"),
    "water_heater": ("water_heater", "boiler", "geyser", "durchlauf", "warmwasser", "chauffe_eau", "热水器"),
    "water_purifier": ("water_purifier", "water_filter", "净水"),
    "air_purifier": ("air_purifier", "luftreiniger", "空气净化"),
    "oven": ("oven", "backofen", "烤箱"),
    "wine_cellar": ("wine", "weinkuehl", "weinkühl", "酒柜"),
}
_BETWEEN = re.compile(r"[\s/_.:-]+")


def guess_type(label: str, catalogue: Catalogue) -> str:
    """Return the appliance type that a name speaks of, "" if none or several.

    >>> from zerodistance.catalogue import load_catalogue
    >>> guess_type("Kitchen/Fridge plug", load_catalogue()), guess_type("plug-7", load_catalogue())
    ('refrigerator', '')
    """
    text = _BETWEEN.sub("_", label.lower())
    found = {
        name
        for name, appliance in catalogue.items()
        if any(
            word in text
            for word in (name, *(_BETWEEN.sub("_", title.lower()) for title in appliance.title.values()))
        )
    }
    # "dishwasher" holds "washer", and "fridge freezer" names two: the longer word is the one that was meant
    if not found:
        hits = {
            name: max(len(word) for word in words if word in text)
            for name, words in _WORDS.items()
            if name in catalogue and any(word in text for word in words)
        }
        longest = max(hits.values(), default=0)
        found = {name for name, length in hits.items() if length == longest}
    elif len(found) > 1:
        longest = max(len(name) for name in found)
        found = {name for name in found if len(name) == longest}
    return found.pop() if len(found) == 1 else ""
