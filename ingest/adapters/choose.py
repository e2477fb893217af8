"""Which adapters run: ``ZD_ADAPTERS``, names joined by commas, each with its topics if not the usual ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingest.adapters.contract import Adapter
from ingest.adapters.homeassistant import PREFIX, HomeAssistant
from ingest.adapters.shelly import Shelly
from ingest.adapters.sparkplug import Sparkplug
from ingest.adapters.statestream import BASE as STATESTREAM_BASE
from ingest.adapters.statestream import Statestream
from ingest.adapters.tasmota import FULL_TOPIC, Tasmota
from ingest.adapters.zigbee2mqtt import BASE as ZIGBEE_BASE
from ingest.adapters.zigbee2mqtt import Zigbee2Mqtt
from zerodistance.errors import SettingsError

_MAKERS: dict[str, Callable[[str, tzinfo | None], Adapter]] = {
    "tasmota": lambda pattern, zone: Tasmota(pattern or FULL_TOPIC, zone),
    "shelly": lambda pattern, _zone: _without_pattern("shelly", pattern, Shelly()),
    "zigbee2mqtt": lambda pattern, zone: Zigbee2Mqtt(pattern or ZIGBEE_BASE, zone),
    "homeassistant": lambda pattern, _zone: HomeAssistant(pattern or PREFIX),
    "statestream": lambda pattern, _zone: Statestream(pattern or STATESTREAM_BASE),
    "sparkplug": lambda pattern, _zone: _without_pattern("sparkplug", pattern, Sparkplug()),
}
# Discovery comes last: a device that speaks through an adapter of its own is not taken a second time.
_LAST = ("homeassistant",)


def choose_adapters(text: str, zone: str = "") -> list[Adapter]:
    """Return the adapters that ``ZD_ADAPTERS`` names.

    Args:
        text: ``tasmota,shelly,zigbee2mqtt=home/zigbee``; a name may stand more than once with other patterns.
        zone: ``ZD_ADAPTERS_ZONE``, the devices' time zone (IANA name); "" for none.

    Raises:
        SettingsError: a name, a pattern or the zone is not known.

    >>> [adapter.filters[0] for adapter in choose_adapters("tasmota=%topic%/%prefix%, sparkplug")]
    ['+/tele/SENSOR', 'spBv1.0/+/NBIRTH/+']
    """
    try:
        local = ZoneInfo(zone) if zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"ZD_ADAPTERS_ZONE={zone!r} is no time zone: write one such as Europe/Berlin or Asia/Shanghai."
        ) from error
    chosen = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, pattern = part.partition("=")
        maker = _MAKERS.get(name.strip())
        if maker is None:
            raise SettingsError(f"ZD_ADAPTERS: there is no adapter {name!r}; there are {', '.join(_MAKERS)}.")
        chosen.append((name in _LAST, maker(pattern.strip(), local)))
    return [adapter for _, adapter in sorted(chosen, key=lambda one: one[0])]


def _without_pattern(name: str, pattern: str, adapter: Adapter) -> Adapter:
    if pattern:
        raise SettingsError(f"ZD_ADAPTERS: {name} takes no pattern; its topics are fixed.")
    return adapter
