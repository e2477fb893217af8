"""Other people's messages into our records: which adapter, which device, which instant, which channel.

The same rules as for our own devices: every reading that is due goes on or becomes a letter, nothing
raises, what an unknown device says is kept and replayed on adoption. What is special: a retained message is
a memory of the broker and never a reading; a device that gives no time has that of arrival, and values that
arrive one by one within a second (each a topic of its own) make one instant; of a payload that serves
several outlets those that nobody adopted are passed over as soon as one of them has an owner.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from ingest.adapters.contract import (
    NOTHING,
    Adapter,
    Heard,
    Observation,
    PartlyUnderstoodError,
    Presence,
    Request,
)
from ingest.adapters.guess import guess_type
from ingest.adapters.mapping import place
from ingest.adapters.memory import Memory
from ingest.events import event_id
from ingest.letters import make_letter
from ingest.message import Directory, Entry, Message
from ingest.readings import Check, checks_of, judge
from ingest.text import clean_text
from ingest.times import check_time, window
from zerodistance.catalogue import Catalogue
from zerodistance.errors import InvalidMessageError
from zerodistance.messages import DeadLetter, DeviceEvent, Reason, Sample

# What a letter keeps whole, so that it can be replayed.
MAX_PAYLOAD = 64 * 1024
INSTANT_US = 1_000_000
_INSTANT = "translate.instant"
_PRESENCE = "translate.presence"  # as it was told
_HEARD = "translate.heard"  # of whom ever it was
_SIBLINGS = "translate.siblings"
_MOST_SIBLINGS = 64
_TEXT_READINGS = 12

Chosen = Callable[[str], Mapping[str, str]]


class Stranger(NamedTuple):
    """A device that nobody has registered: its id, what it sent in short, and what it may be."""

    device: str
    text: str
    guessed_type: str


class Translated(NamedTuple):
    """What became of one message.

    Attributes:
        strangers: devices for the claim list.
        topics: to subscribe to from now on.
        requests: to publish.
    """

    samples: list[Sample]
    events: list[DeviceEvent]
    letters: list[DeadLetter]
    strangers: list[Stranger]
    topics: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()


def _nothing_chosen(_device: str) -> Mapping[str, str]:
    return {}


class Translator:
    """Turns messages of other systems into records.

    Args:
        adapters: in the order in which they are asked.
        catalogue: the appliance types.
        directory: device id → its registry entry, None for an unknown device.
        memory: what the adapters have learnt.
        chosen: device id → the mapping that was chosen for it.
    """

    def __init__(
        self,
        adapters: Sequence[Adapter],
        catalogue: Catalogue,
        directory: Directory,
        memory: Memory | None = None,
        chosen: Chosen = _nothing_chosen,
    ) -> None:
        self._adapters = list(adapters)
        self._catalogue = catalogue
        self._directory = directory
        self._chosen = chosen
        self._checks: dict[str, dict[str, Check]] = {
            name: checks_of(appliance) for name, appliance in catalogue.items()
        }
        self.memory = memory if memory is not None else Memory()

    @property
    def filters(self) -> list[str]:
        """All topic filters to subscribe to, each once."""
        return list(dict.fromkeys(one for adapter in self._adapters for one in adapter.filters))

    def translate(self, message: Message, only: str = "") -> Translated | None:
        """Return what a message amounts to, None if no adapter reads its topic. Never raises.

        Args:
            message: with the topic and payload as they came; its ``device`` is not read.
            only: take what is of this device and nothing else (a replay of its letter).
        """
        adapter, device = self._find(message.topic)
        out = Translated([], [], [], [])
        if adapter is None:
            return None
        heard = Heard(message.topic, message.payload, message.received_us, message.retained)
        understood = NOTHING
        try:
            if len(message.payload) > MAX_PAYLOAD:
                raise InvalidMessageError(
                    Reason.TOO_LARGE,
                    f"The payload has {len(message.payload)} bytes; at most {MAX_PAYLOAD} are taken.",
                )
            understood = adapter.read(heard, self.memory)
        except PartlyUnderstoodError as error:
            understood = error.understood
            out.letters.append(_letter(message, device, error, None))
        except InvalidMessageError as error:
            out.letters.append(_letter(message, device, error, None))
        except RecursionError:
            nested = InvalidMessageError(Reason.WRONG_SHAPE, "The payload is nested too deeply.")
            out.letters.append(_letter(message, device, nested, None))
        observations = [one for one in understood.observations if not only or one.device == only]
        several = len(understood.observations) > 1
        somebodys = any(self._directory(one.device) is not None for one in observations)
        for place_in_payload, observation in enumerate(understood.observations):
            if observation in observations:
                index = place_in_payload if several else None
                self._take(observation, message, index, out, adopted_sibling=somebodys, is_replay=bool(only))
        if not only:
            for presence in understood.presences:
                out.events.extend(self._presence(presence, message))
        return out._replace(topics=understood.topics, requests=understood.requests)

    def _find(self, topic: str) -> tuple[Adapter | None, str]:
        for adapter in self._adapters:
            device = adapter.device_of(topic, self.memory)
            if device is not None:
                return adapter, device
        return None, ""

    def _take(
        self,
        observation: Observation,
        message: Message,
        index: int | None,
        out: Translated,
        *,
        adopted_sibling: bool,
        is_replay: bool,
    ) -> None:
        entry = self._directory(observation.device)
        try:
            if entry is None:
                if not _is_of_interest(observation):
                    return
                out.strangers.append(self._stranger(observation, message))
                if message.retained or adopted_sibling:
                    return
                raise InvalidMessageError(
                    Reason.UNKNOWN_DEVICE,
                    f"{observation.device} is not registered: claim it, and its letters are replayed.",
                )
            if message.retained:
                return
            if entry.retired:
                raise InvalidMessageError(Reason.UNKNOWN_DEVICE, f"{observation.device} is retired.")
            self._remember(observation)
            samples = list(self._sample(observation, entry, message))
            out.samples.extend(samples)
            if samples and not is_replay:
                out.events.extend(self._presence_before_adoption(observation, entry, message.received_us))
        except InvalidMessageError as error:
            out.letters.append(_letter(message, observation.device, error, index))

    def _sample(self, observation: Observation, entry: Entry, message: Message) -> Iterable[Sample]:
        appliance = self._catalogue.get(entry.type)
        if appliance is None:
            raise InvalidMessageError(
                Reason.UNKNOWN_TYPE,
                f"The catalogue has no appliance type {entry.type!r}: add its file, then replay this letter.",
            )
        values, aside = place(observation.readings, appliance, self._chosen(observation.device))
        judged = judge({**values, **aside}, self._checks[entry.type])
        if not judged.values and not judged.unknown:
            return
        time_us = observation.time_us
        if time_us is None:
            time_us = self._instant(observation.device, judged.values, message.received_us)
        check_time(time_us, window(message.now_us, appliance.retention_days))
        yield Sample(
            entry.tenant,
            observation.device,
            entry.type,
            time_us,
            message.received_us,
            None,
            None,
            None,
            *judged,
        )

    def _instant(self, device: str, values: Mapping[str, float | None], received_us: int) -> int:
        """Return the instant of values without a time: the open one, unless it has one of them already."""
        opened = self.memory.last(_INSTANT, device)
        if opened is not None:
            at, channels = opened
            if 0 <= received_us - at < INSTANT_US and not channels & values.keys():
                self.memory.note(_INSTANT, device, (at, channels | values.keys()))
                return int(at)
        self.memory.note(_INSTANT, device, (received_us, frozenset(values)))
        return received_us

    def _remember(self, observation: Observation) -> None:
        """Note which devices share a base, so that its presence reaches them."""
        if observation.base and observation.base != observation.device:
            known: frozenset[str] = self.memory.last(_SIBLINGS, observation.base) or frozenset()
            if observation.device not in known and len(known) < _MOST_SIBLINGS:
                self.memory.note(_SIBLINGS, observation.base, known | {observation.device})

    def _presence(self, presence: Presence, message: Message) -> Iterable[DeviceEvent]:
        siblings: frozenset[str] = self.memory.last(_SIBLINGS, presence.device) or frozenset()
        firmware = clean_text(presence.firmware, 64)
        heard = self.memory.last(_HEARD, presence.device)
        self.memory.note(
            _HEARD, presence.device, (presence.online, firmware or (heard[1] if heard is not None else ""))
        )
        for device in (presence.device, *sorted(siblings)):
            entry = self._directory(device)
            if entry is not None and not entry.retired and entry.type in self._catalogue:
                yield from self._tell(device, entry, presence.online, firmware, message.received_us)

    def _presence_before_adoption(
        self, observation: Observation, entry: Entry, received_us: int
    ) -> Iterable[DeviceEvent]:
        """Tell what was heard of a device before it had an owner, with its first reading since."""
        if self.memory.last(_PRESENCE, observation.device) is not None:
            return
        heard = self.memory.last(_HEARD, observation.base or observation.device)
        if heard is not None and heard[0]:
            yield from self._tell(observation.device, entry, True, heard[1], received_us)

    def _tell(
        self, device: str, entry: Entry, online: bool, firmware: str, received_us: int
    ) -> Iterable[DeviceEvent]:
        told = self.memory.last(_PRESENCE, device)
        if told is not None and told[0] == online and firmware in ("", told[1]):
            return
        self.memory.note(_PRESENCE, device, (online, firmware or (told[1] if told else "")))
        code = "online" if online else "offline"
        data = {"firmware": firmware} if firmware else {}
        yield DeviceEvent(
            id=event_id(device, received_us, "status", code, True, data),
            tenant=entry.tenant,
            device=device,
            type=entry.type,
            kind="status",
            code=code,
            time_us=received_us,
            received_us=received_us,
            data=data,
        )

    def _stranger(self, observation: Observation, message: Message) -> Stranger:
        readings = {
            clean_text(one.name, 40): None if one.value is None else f"{one.value:g} {one.unit}".strip()
            for one in observation.readings[:_TEXT_READINGS]
        }
        said = {"topic": clean_text(message.topic, 120), "readings": readings}
        label = f"{observation.label} {observation.device}"
        text = json.dumps(said, ensure_ascii=False)
        return Stranger(observation.device, text, guess_type(label, self._catalogue))


def _is_of_interest(observation: Observation) -> bool:
    """Return whether a device measures anything that an appliance type could have; a lamp does not."""
    return any(reading.device_class for reading in observation.readings)


def _letter(message: Message, device: str, error: InvalidMessageError, index: int | None) -> DeadLetter:
    return make_letter(
        error.reason,
        str(error),
        topic=message.topic,
        device=device,
        raw=message.payload,
        received_us=message.received_us,
        sample=index,
        retained=message.retained,
    )
