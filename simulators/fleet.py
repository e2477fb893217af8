"""A fleet file: which appliances, in what climate, with which faults.

.. code-block:: toml

    seed = 7
    climate = "tropical"        # temperate, subtropical, subtropical_south, tropical
    time_zone = "UTC"
    tariff = "shanghai"         # cheaper at night; flat, zhejiang, jiangsu, economy_7, heures_creuses, fasce

    [[group]]
    type = "refrigerator"
    count = 24
    prefix = "fridge-"
    gateway = "hub-"            # they publish through hub-01 and hub-02
    gateways = 2

    [[fault]]
    device = "fridge-03"
    fault = "refrigerant_leak"
    at_hours = -100             # after going live; negative: within the history
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from simulators.faults import GrowthKind
from simulators.households import CLIMATES, SPAN_S
from simulators.physics import physics_of
from simulators.tariffs import TARIFFS
from zerodistance.catalogue import Catalogue
from zerodistance.errors import SettingsError
from zerodistance.messages.topics import DEVICE_ID


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Appliances of one type.

    Attributes:
        period_s: seconds between samples; None: the catalogue's.
        gateway: who speaks for them on ``zd/v1/{gateway}/children``; "": each for itself.
        gateways: how many such gateways share them in turn: ``gateway`` and a number, or, where it is one,
            ``gateway`` itself.
    """

    type: str
    count: int
    prefix: str
    model: str = ""
    period_s: float | None = None
    gateway: str = ""
    gateways: int = 1

    def gateway_ids(self) -> list[str]:
        """Return the ids of its gateways."""
        if not self.gateway:
            return []
        if self.gateways == 1:
            return [self.gateway]
        width = max(2, len(str(self.gateways)))
        return [f"{self.gateway}{number:0{width}d}" for number in range(1, self.gateways + 1)]

    def ids(self) -> list[str]:
        """Return the device ids: the prefix and a number of two digits or more."""
        width = max(2, len(str(self.count)))
        return [f"{self.prefix}{number:0{width}d}" for number in range(1, self.count + 1)]


class PlannedFault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fault to come.

    Attributes:
        at_hours: of platform time after the fleet goes live; negative: within the history.
        growth, hours: replace the type's own law.
        clear_after_hours: it is put right so long after its onset; None: it lasts.
        persistent: what the appliance can do itself does not help.
    """

    device: str
    fault: str
    at_hours: float
    severity: float = 1.0
    growth: GrowthKind | None = None
    hours: float | None = None
    clear_after_hours: float | None = None
    persistent: bool = False


class FleetPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole fleet file.

    Attributes:
        step_s: length of a physical step, seconds.
        spread: relative deviation between appliances of a type.
        perturb: up to which share each physical parameter of each appliance is wrong besides, evenly; 0.2 for
            physics that models have not seen.
        lost: share of samples that an appliance never takes; ``missing``: share of single readings that fail.
        skew_s: standard deviation of the appliances' clock errors.
        region: of the households.
        tariff: of their electricity, see :mod:`simulators.tariffs`.
        fault_codes: appliances raise the fault codes that they know.
        history_period_s: seconds between samples of a history written beforehand; None: as when live.
    """

    name: str = "fleet"
    seed: int = 1
    climate: str = "temperate"
    time_zone: str = "UTC"
    region: str = ""
    tariff: str = "flat"
    language: Literal["en", "zh"] = "en"
    step_s: float = 30.0
    spread: float = 0.08
    perturb: float = 0.0
    lost: float = 0.0005
    missing: float = 0.0002
    skew_s: float = 0.8
    fault_codes: bool = True
    history_period_s: float | None = None
    group: list[Group]
    fault: list[PlannedFault] = []

    @property
    def homes(self) -> int:
        """How many homes there are: the n-th appliance of every group stands in the n-th home."""
        return max(group.count for group in self.group)

    def home_ids(self) -> list[str]:
        """Return the household ids."""
        width = max(2, len(str(self.homes)))
        return [f"{self.name}-home-{number:0{width}d}" for number in range(1, self.homes + 1)]

    def device_ids(self) -> list[str]:
        """Return all device ids, group after group."""
        return [device for group in self.group for device in group.ids()]

    def gateways(self) -> dict[str, str]:
        """Return device → its gateway, for the devices that have one."""
        return {
            device: own[number % len(own)]
            for group in self.group
            if (own := group.gateway_ids())
            for number, device in enumerate(group.ids())
        }

    def utc_offset_hours(self, moment: datetime) -> float:
        """Return local minus universal time at ``moment``, hours."""
        offset = moment.astimezone(ZoneInfo(self.time_zone)).utcoffset()
        return 0.0 if offset is None else offset.total_seconds() / 3600.0

    def period_s(self, group: Group, catalogue: Catalogue) -> float:
        """Return the sampling period of a group, seconds."""
        return group.period_s or catalogue.get_type(group.type).period_s


def load_fleet(source: Path | str, catalogue: Catalogue) -> FleetPlan:
    """Read and check a fleet file, given as a path or as its text.

    Raises:
        SettingsError: saying what is wrong and where.
    """
    name = str(source) if isinstance(source, Path) else "the fleet"
    try:
        text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name} cannot be read: {error}.") from error
    try:
        plan = msgspec.toml.decode(text, type=FleetPlan)
    except msgspec.DecodeError as error:
        raise SettingsError(f"{name} is not a fleet file: {error}.") from error
    check_fleet(plan, catalogue, name)
    return plan


def check_fleet(plan: FleetPlan, catalogue: Catalogue, name: str = "the fleet") -> None:
    """Check a fleet that was not read from a file as it is.

    Raises:
        SettingsError: saying what is wrong with what is called ``name``, and where.
    """
    for problem in _problems(plan, catalogue):
        raise SettingsError(f"{name}: {problem}.")


def _problems(plan: FleetPlan, catalogue: Catalogue) -> list[str]:
    if not plan.group:
        return ["it needs at least one [[group]]"]
    if plan.climate not in CLIMATES:
        return [f"climate {plan.climate!r} is not known: choose of {', '.join(CLIMATES)}"]
    if not 0 <= plan.perturb <= 0.5:
        return [f"perturb {plan.perturb:g} is no share that physics survive: give 0 to 0.5"]
    if plan.tariff not in TARIFFS:
        return [f"tariff {plan.tariff!r} is not known: choose of {', '.join(TARIFFS)}"]
    try:
        ZoneInfo(plan.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return [f"time_zone {plan.time_zone!r} is not known: write it as in 'Asia/Shanghai'"]
    if plan.step_s <= 0 or SPAN_S % plan.step_s:
        return [f"step_s {plan.step_s:g} must divide {SPAN_S} seconds"]
    coarse = plan.history_period_s
    if coarse is not None and (coarse % plan.step_s or SPAN_S % coarse):
        return [
            f"history_period_s {coarse:g} must be a multiple of step_s, which is {plan.step_s:g}, "
            f"and divide {SPAN_S}"
        ]
    kinds: dict[str, str] = {}
    for group in plan.group:
        physics_of(group.type)
        period = plan.period_s(group, catalogue)
        if group.count < 1:
            return [f"the group {group.prefix!r} has no appliance: count is {group.count}"]
        if period % plan.step_s or SPAN_S % period:
            return [
                f"period_s {period:g} of {group.prefix!r} must be a multiple of step_s, which is "
                f"{plan.step_s:g}, and divide {SPAN_S}"
            ]
        for device in group.ids():
            if device in kinds:
                return [f"{device} is there twice: give the groups different prefixes"]
            if DEVICE_ID.fullmatch(device) is None:
                return [f"{device!r} cannot be a device id: use letters, digits and _ . : -"]
            kinds[device] = group.type
    for group in plan.group:
        if group.gateways < 1 or (group.gateways > 1 and not group.gateway):
            return [
                f"gateways = {group.gateways} of {group.prefix!r} must be 1 or more, and needs gateway = …"
            ]
        for gateway in group.gateway_ids():
            if gateway in kinds or DEVICE_ID.fullmatch(gateway) is None:
                return [f"{gateway!r} cannot be a gateway's id: it is a device, or no id that a topic takes"]
    for fault in plan.fault:
        if fault.device not in kinds:
            return [f"a fault names the device {fault.device!r}, which no group has"]
        laws = physics_of(kinds[fault.device]).FAULTS
        if fault.fault not in laws:
            return [f"{fault.device} cannot have {fault.fault!r}: choose of {', '.join(laws)}"]
        if not 0 < fault.severity <= 1:
            return [f"severity {fault.severity:g} of {fault.device} must be above 0 and at most 1"]
    return []
