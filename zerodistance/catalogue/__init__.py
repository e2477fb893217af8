"""The catalogue: every appliance type described once, in one file."""

from zerodistance.catalogue.loader import load_catalogue, load_file
from zerodistance.catalogue.model import (
    ApplianceType,
    Argument,
    Catalogue,
    Channel,
    Command,
    Event,
    Fault,
    FaultCode,
    Feature,
    Part,
    Question,
    Text,
)

__all__ = [
    "ApplianceType",
    "Argument",
    "Catalogue",
    "Channel",
    "Command",
    "Event",
    "Fault",
    "FaultCode",
    "Feature",
    "Part",
    "Question",
    "Text",
    "load_catalogue",
    "load_file",
]
