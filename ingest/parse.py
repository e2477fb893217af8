"""A device's message in, samples, events and dead letters out: pure, fast, and never raising.

The quick way decodes a payload straight into structs and finds nothing to object to; it is what all but a
few messages take. Whatever it does not expect takes the second look (:mod:`ingest.text`), sample by sample.
Both ways give the same samples for the same good payload. Every sample has exactly one fate: it goes on, or
it is refused with one letter.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ingest.adapters.contract import Request
from ingest.adapters.translate import Stranger, Translator
from ingest.events import read_event
from ingest.letters import RAW_LIMIT, make_letter
from ingest.message import Directory, Entry, Message
from ingest.quick import LARGEST_COUNT, MAX_SAMPLES, read_quickly
from ingest.readings import checks_of, judge
from ingest.text import Doubled, Element, describe, read_document, show
from ingest.times import check_time, read_time, window
from zerodistance.catalogue import Catalogue
from zerodistance.errors import InvalidMessageError
from zerodistance.messages import DeadLetter, DeviceEvent, Reason, Sample, split_mqtt_topic
from zerodistance.messages.topics import DEVICE_ID, UPWARD

MAX_PAYLOAD = 256 * 1024
# Events are written whole to one row, and their letter must be able to hold them whole.
MAX_EVENT = 64 * 1024


class Parsed(NamedTuple):
    """What became of one message.

    Attributes:
        samples: for the log; those with ``refused`` only settle their ``seq``.
        events: for the log.
        letters: for the dead letters.
        unclaimed: devices that nobody has registered, in the order in which they speak.
        strangers: the same of other people's devices, with what they said.
        topics: to be subscribed to from now on.
        requests: to be published.
    """

    samples: list[Sample]
    events: list[DeviceEvent]
    letters: list[DeadLetter]
    unclaimed: tuple[str, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    topics: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()


class _ChildError(InvalidMessageError):
    """A gateway's sample cannot be taken for the device that it names."""

    def __init__(self, device: str, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.device = device


_COUNTS = ("boot", "seq", "oldest")


class Parser:
    """Turns messages into records.

    Args:
        catalogue: the appliance types.
        directory: device id → its registry entry, None for an unknown device.
        foreign: reads the topics of other people's devices.
    """

    def __init__(self, catalogue: Catalogue, directory: Directory, foreign: Translator | None = None) -> None:
        self._directory = directory
        self._foreign = foreign
        self._catalogue = catalogue
        self._checks = {name: checks_of(appliance) for name, appliance in catalogue.items()}

    def parse(
        self,
        topic: str,
        payload: bytes,
        *,
        received_us: int,
        now_us: int | None = None,
        retained: bool = False,
        only: str = "",
    ) -> Parsed:
        """Return what a message amounts to. Never raises.

        Args:
            topic: MQTT topic.
            payload: as it came.
            received_us: when it arrived, platform clock, microseconds since 1970.
            now_us: platform time against which ``ts`` is checked; by default the arrival.
            retained: the broker kept it from before the subscription.
            only: of other people's devices, take what is of this one (a replay of its letter).
        """
        now_us = received_us if now_us is None else now_us
        place = split_mqtt_topic(topic)
        if place is None or place[1] not in UPWARD:
            if place is not None:  # our own commands and receipts, on their way down
                return Parsed([], [], [])
            message = Message(topic, "", payload, received_us, now_us, retained)
            if self._foreign is not None and not topic.startswith("zd/"):
                read = self._foreign.translate(message, only)
                if read is not None:
                    return Parsed(
                        read.samples,
                        read.events,
                        read.letters,
                        strangers=tuple(read.strangers),
                        topics=read.topics,
                        requests=read.requests,
                    )
            return _refused(message, Reason.WRONG_TOPIC, "No device speaks under this topic.")
        device, channel = place
        message = Message(topic, device, payload, received_us, now_us, retained)
        try:
            entry = self._known(device)
            if channel == "children":
                _check_size(payload, MAX_PAYLOAD)
                return self._telemetry(message, None)
            if entry.type not in self._catalogue:
                raise InvalidMessageError(Reason.UNKNOWN_TYPE, _no_type(entry.type))
            if channel == "telemetry":
                _check_size(payload, MAX_PAYLOAD)
                return self._telemetry(message, entry)
            _check_size(payload, MAX_EVENT)
            believed = window(now_us, self._catalogue[entry.type].retention_days)
            event = read_event(
                channel, payload, device, entry.tenant, entry.type, received_us=received_us, believed=believed
            )
            return Parsed([], [event], [])
        except InvalidMessageError as error:
            unclaimed = error.reason == Reason.UNKNOWN_DEVICE and self._directory(device) is None
            return _refused(message, error.reason, str(error), unknown=device if unclaimed else "")

    def _known(self, device: str) -> Entry:
        entry = self._directory(device)
        if entry is None:
            raise InvalidMessageError(
                Reason.UNKNOWN_DEVICE, f"{device} is not registered: claim it, and its letters are replayed."
            )
        if entry.retired:
            raise InvalidMessageError(Reason.UNKNOWN_DEVICE, f"{device} is retired or disabled.")
        return entry

    def _telemetry(self, message: Message, entry: Entry | None) -> Parsed:
        samples = read_quickly(message, entry, self._directory, self._catalogue, self._checks)
        return self._slow(message, entry) if samples is None else Parsed(samples, [], [])

    def _slow(self, message: Message, entry: Entry | None) -> Parsed:
        document = read_document(message.payload)
        if len(document.elements) > MAX_SAMPLES:
            raise InvalidMessageError(
                Reason.TOO_MANY_SAMPLES,
                f"{len(document.elements)} samples in one payload; at most {MAX_SAMPLES} are taken.",
            )
        if not document.elements:
            raise InvalidMessageError(Reason.NO_VALUES, "The payload is an empty array.")
        samples: list[Sample] = []
        letters: list[DeadLetter] = []
        unclaimed: dict[str, None] = {}
        for index, element in enumerate(document.elements):
            place = index if document.is_array else None
            name, whose = message.device, entry
            try:
                if entry is None:
                    name, whose = self._child(message.device, element, unclaimed)
                assert whose is not None
                samples.append(self._sample(message, name, whose, element))
            except InvalidMessageError as error:
                letters.append(
                    make_letter(
                        error.reason,
                        str(error),
                        topic=message.topic,
                        device=error.device if isinstance(error, _ChildError) else name,
                        raw=element.raw,
                        received_us=message.received_us,
                        sample=place,
                        retained=message.retained,
                    )
                )
                if whose is not None and error.reason != Reason.NOT_A_CHILD:
                    samples.extend(_settled(message, name, whose, element))
        return Parsed(samples, [], letters, tuple(unclaimed))

    def _child(self, gateway: str, element: Element, unclaimed: dict[str, None]) -> tuple[str, Entry]:
        """Return the device that a gateway's sample is of, and its entry."""
        value = element.value
        name = value.get("device") if isinstance(value, dict) else None
        if not isinstance(name, str) or DEVICE_ID.fullmatch(name) is None:
            raise InvalidMessageError(Reason.WRONG_SHAPE, "The sample does not say of which device it is.")
        entry = self._directory(name)
        if entry is None:
            unclaimed[name] = None
            raise _ChildError(
                name, Reason.UNKNOWN_DEVICE, f"{name} is not registered: claim it for {gateway}."
            )
        if entry.retired:
            raise _ChildError(name, Reason.UNKNOWN_DEVICE, f"{name} is retired or disabled.")
        if entry.gateway_id != gateway:
            raise _ChildError(
                name, Reason.NOT_A_CHILD, f"{gateway} was not given {name} and may not speak for it."
            )
        return name, entry

    def _sample(self, message: Message, name: str, entry: Entry, element: Element) -> Sample:
        appliance = self._catalogue.get(entry.type)
        if appliance is None:
            raise InvalidMessageError(Reason.UNKNOWN_TYPE, _no_type(entry.type))
        value = element.value
        if not isinstance(value, dict):
            raise InvalidMessageError(
                Reason.WRONG_SHAPE, f"A sample is an object with ts and values, not {describe(value)}."
            )
        if isinstance(value, Doubled):
            raise _doubled(value)
        if value.get("device", name) != name:
            raise InvalidMessageError(Reason.NOT_A_CHILD, f"{name} may not speak for another device.")
        boot, seq, oldest = _counts(value)
        if "ts" not in value:
            raise InvalidMessageError(Reason.BAD_TIME, "The sample has no ts.")
        time_us = read_time(value["ts"])
        check_time(time_us, window(message.now_us, appliance.retention_days))
        readings = value.get("values")
        if readings is None:
            raise InvalidMessageError(Reason.NO_VALUES, "The sample has no values.")
        if not isinstance(readings, dict):
            raise InvalidMessageError(
                Reason.WRONG_SHAPE, f"values is {describe(readings)}, not an object of readings."
            )
        if isinstance(readings, Doubled):
            raise _doubled(readings)
        if not readings:
            raise InvalidMessageError(Reason.NO_VALUES, "values is empty.")
        judged = judge(readings, self._checks[entry.type])
        return Sample(
            entry.tenant, name, entry.type, time_us, message.received_us, boot, seq, oldest, *judged
        )


def _settled(message: Message, name: str, entry: Entry, element: Element) -> list[Sample]:
    """Return what settles a refused sample's ``seq``, if that can be read and the letter holds it whole.

    A device that was never told would send the refused sample for ever, and nothing after it.
    """
    value = element.value
    if not isinstance(value, dict) or len(element.raw) > RAW_LIMIT:
        return []
    try:
        boot, seq, oldest = _counts(value)
    except InvalidMessageError:
        return []
    if boot is None or seq is None:
        return []
    try:
        time_us = read_time(value.get("ts"))
    except InvalidMessageError:
        time_us = message.received_us
    return [
        Sample(
            entry.tenant,
            name,
            entry.type,
            time_us,
            message.received_us,
            boot,
            seq,
            oldest,
            {},
            {},
            {},
            refused=True,
        )
    ]


def _counts(value: dict[str, Any]) -> tuple[int | None, int | None, int | None]:
    if isinstance(value, Doubled) and value.name in _COUNTS:
        raise _doubled(value)
    boot, seq, oldest = (_count(value, field) for field in _COUNTS)
    return boot, seq, oldest


def _count(value: dict[str, Any], field: str) -> int | None:
    number = value.get(field)
    if number is None:
        return None
    # encoders that know only doubles write 5 as 5.0
    if isinstance(number, float) and number.is_integer() and abs(number) < 2**53:
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int):
        raise InvalidMessageError(Reason.WRONG_SHAPE, f"{field} is {describe(number)}, not a whole number.")
    if not 0 <= number <= LARGEST_COUNT:
        raise InvalidMessageError(Reason.WRONG_SHAPE, f"{field} is not between 0 and 2^63 - 1.")
    return number


def _doubled(value: Doubled) -> InvalidMessageError:
    return InvalidMessageError(Reason.WRONG_SHAPE, f"The name {show(value.name)} occurs more than once.")


def _check_size(payload: bytes, limit: int) -> None:
    if len(payload) > limit:
        raise InvalidMessageError(
            Reason.TOO_LARGE, f"The payload has {len(payload)} bytes; at most {limit} are taken."
        )


def _no_type(name: str) -> str:
    return f"The catalogue has no appliance type {name!r}: add its file, then replay this letter."


def _refused(message: Message, reason: str, detail: str, unknown: str = "") -> Parsed:
    letter = make_letter(
        reason,
        detail,
        topic=message.topic,
        device=message.device,
        raw=message.payload,
        received_us=message.received_us,
        retained=message.retained,
    )
    return Parsed([], [], [letter], (unknown,) if unknown else ())
