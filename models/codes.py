"""Fault codes that appliances raise themselves: who raises what now, and what each is evidence of."""

from __future__ import annotations

import numpy as np

from models.plan import MINUTE_US, Bools, Floats, Ints, TypePlan
from models.state import State

OWNER_CODE_US = 10 * MINUTE_US
"""An alarm that its owner can put right (door open) is a finding only when it lasts; others at once."""


class Codes:
    """The catalogue's codes of one type against the state's ``code_since``."""

    def __init__(self, plan: TypePlan, state: State) -> None:
        self.plan, self.state = plan, state
        self.names = list(plan.codes)
        self._fault = np.array(list(plan.codes.values()), np.int64)
        owner = [
            fault >= 0 and plan.appliance.faults[plan.faults[fault]].remedy == "owner"
            for fault in self._fault
        ]
        self._wait_us = np.where(owner, OWNER_CODE_US, 0)

    def turn(self, row: int, code: str, active: bool, time_us: int) -> bool:
        """Note that a device raised a code or took it back; False if that changes nothing."""
        if code not in self.plan.codes:
            return False
        place = self.names.index(code)
        if active == (self.state.code_since[row, place] >= 0):
            return False
        self.state.code_since[row, place] = time_us if active else -1
        return True

    def active(self, row: int) -> list[str]:
        """Return the codes that a device raises now."""
        return [self.names[m] for m in np.flatnonzero(self.state.code_since[row] >= 0)]

    def votes(self, device: Ints) -> Floats:
        """Return (R, K): active codes that point to each fault."""
        result = np.zeros((len(device), len(self.plan.faults)))
        for place, fault in enumerate(self._fault):
            if fault >= 0:
                result[:, fault] += self.state.code_since[device, place] >= 0
        return result

    def due(self, device: Ints, time_us: Ints) -> Bools:
        """Return (R,): a code is active that is a finding of its own by now."""
        since = self.state.code_since[device]
        return np.asarray(((since >= 0) & (time_us[:, None] - since >= self._wait_us)).any(axis=1))

    def since(self, row: int) -> int:
        """Return when the oldest active code of a device was raised."""
        active = self.state.code_since[row]
        return int(active[active >= 0].min())
