"""Names for people, from the catalogue: what an appliance, a fault, a part or a command is called."""

from __future__ import annotations

from zerodistance.catalogue.model import Catalogue, Fault, Text

UNKNOWN_CAUSE: Text = {"en": "Cause unknown", "zh": "原因不明"}


class Titles:
    """Looks titles up; what the catalogue does not have (any more) keeps its key as its title."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def type(self, type_name: str) -> Text:
        """Return the title of an appliance type."""
        found = self._catalogue.get(type_name)
        return found.title if found else _key(type_name)

    def appliance(self, type_name: str, name: str) -> Text:
        """Return what an owner calls an appliance: its own name, else the title of its type."""
        return {"en": name} if name else self.type(type_name)

    def fault(self, type_name: str, cause: str) -> Fault | None:
        """Return a fault's description; None for an unknown cause."""
        found = self._catalogue.get(type_name)
        return found.faults.get(cause) if found else None

    def cause(self, type_name: str, cause: str) -> Text:
        """Return the title of a cause."""
        fault = self.fault(type_name, cause)
        if fault is not None:
            return fault.title
        return UNKNOWN_CAUSE if cause in ("", "unknown") else _key(cause)

    def part(self, type_name: str, part: str) -> Text:
        """Return the title of a part; empty for none."""
        found = self._catalogue.get(type_name)
        if found and part in found.parts:
            return found.parts[part].title
        return _key(part)

    def skill(self, type_name: str, part: str) -> str:
        """Return the skill that a part's repair takes; "" for none."""
        found = self._catalogue.get(type_name)
        return found.parts[part].skill if found and part in found.parts else ""

    def command(self, type_name: str, command: str) -> Text:
        """Return the title of a command."""
        found = self._catalogue.get(type_name)
        return found.commands[command].title if found and command in found.commands else _key(command)

    def channel(self, type_name: str, channel: str) -> Text:
        """Return the title of a channel."""
        found = self._catalogue.get(type_name)
        return found.channels[channel].title if found and channel in found.channels else _key(channel)

    def unit(self, type_name: str, channel: str) -> str:
        """Return the unit of a channel."""
        found = self._catalogue.get(type_name)
        return found.channels[channel].unit if found and channel in found.channels else ""

    def feature(self, type_name: str, feature: str) -> Text:
        """Return the title of a feature."""
        found = self._catalogue.get(type_name)
        return found.features[feature].title if found and feature in found.features else _key(feature)


def _key(name: str) -> Text:
    return {"en": name.replace("_", " ")} if name else {"en": ""}
