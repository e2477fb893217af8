"""The state of a run between two starts: one file with arrays and a JSON document, without pickle."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from simulators.delivery import Delivery, Owed
from simulators.faults import FaultEntry
from simulators.simulation import FleetSimulation
from zerodistance.errors import SettingsError

_VERSION = 1


class Saved(msgspec.Struct):
    """What stands beside the arrays.

    Attributes:
        times_us: how far each population was simulated.
        faults: the fault entries of each population.
        boot: of the run that saved it.
        owed: device → samples that no receipt had covered.
    """

    version: int
    fleet: str
    seed: int
    times_us: list[int]
    faults: list[list[FaultEntry]]
    boot: int
    owed: dict[str, list[Owed]]


def save_state(path: Path, fleet: FleetSimulation, boot: int, deliveries: Mapping[str, Delivery]) -> None:
    """Write the state beside ``path`` and put it in place in one move.

    Raises:
        SettingsError: the file cannot be written.
    """
    saved = Saved(
        version=_VERSION,
        fleet=fleet.plan.name,
        seed=fleet.plan.seed,
        times_us=[population.time_us for population in fleet.populations],
        faults=[population.book.entries for population in fleet.populations],
        boot=boot,
        owed={device: owed for device, delivery in deliveries.items() if (owed := delivery.save())},
    )
    document = np.frombuffer(msgspec.json.encode(saved), dtype=np.uint8)
    arrays = {
        f"{number}/{name}": array
        for number, population in enumerate(fleet.populations)
        for name, array in population.save().items()
    }
    draft = path.with_name(path.name + ".new")
    try:
        with draft.open("wb") as file:
            np.savez(file, saved=document, **arrays)  # type: ignore[arg-type]
        os.replace(draft, path)
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be written ({error.strerror}): give --state another path."
        ) from error


def load_state(path: Path, fleet: FleetSimulation) -> Saved | None:
    """Put ``fleet`` where the saved run stood; None if there is no such file.

    Raises:
        SettingsError: the file is damaged, or was saved for another fleet.
    """
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as arrays:
            saved = msgspec.json.decode(arrays["saved"].tobytes(), type=Saved)
            states = [
                {
                    name.partition("/")[2]: arrays[name]
                    for name in arrays.files
                    if name.startswith(f"{number}/")
                }
                for number in range(len(saved.times_us))
            ]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, msgspec.DecodeError) as error:
        raise SettingsError(f"{path} is not a state file, or is damaged ({error}): remove it.") from error
    plan = fleet.plan
    if (saved.version, saved.fleet, saved.seed) != (_VERSION, plan.name, plan.seed) or len(states) != len(
        fleet.populations
    ):
        raise SettingsError(
            f"{path} was saved for the fleet {saved.fleet!r} with seed {saved.seed}, this one is "
            f"{plan.name!r} with seed {plan.seed}: give the fleet file that it was "
            "saved with, or remove the state file."
        )
    for population, state, time_us, entries in zip(
        fleet.populations, states, saved.times_us, saved.faults, strict=True
    ):
        population.resume(state, time_us, entries)
    return saved
