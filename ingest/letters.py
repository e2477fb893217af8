"""Dead letters: what is kept of a refused message, and how many a device may fill the platform with."""

from __future__ import annotations

import hashlib

from zerodistance.messages import DeadLetter, Reason

RAW_LIMIT = 64 * 1024
LETTERS_PER_HOUR = 1_000
# Whoever invents device ids must not fill the table that counts them: beyond this, all share one allowance.
_TRACKED_DEVICES = 50_000
# A sample that its device numbers.
_NUMBER = b'"seq"'
_HOUR_US = 3_600 * 1_000_000


def make_letter(
    reason: Reason | str,
    detail: str,
    *,
    topic: str,
    device: str,
    raw: bytes,
    received_us: int,
    sample: int | None = None,
    retained: bool = False,
) -> DeadLetter:
    """Return the letter for ``raw``, a whole payload or one sample's bytes.

    Its id is a hash over topic, arrival and bytes. A retained message arrives anew with each
    subscription, and a sample with a number is sent until it is settled, in ever different company: for
    those arrival and place are left out, so that it is one letter, however often it comes.
    """
    digest = hashlib.sha256(raw).hexdigest()
    place = "" if sample is None else str(sample)
    arrival = str(received_us)
    if retained:
        arrival = "retained"
    elif _NUMBER in raw:
        arrival, place = "numbered", ""
    identity = "\x1f".join((topic, arrival, place, digest)).encode("utf-8", "replace")
    return DeadLetter(
        id=hashlib.sha256(identity).hexdigest()[:32],
        reason=str(reason),
        detail=detail,
        source=topic,
        device=device,
        received_us=received_us,
        sample=sample,
        raw=raw[:RAW_LIMIT],
        length=len(raw),
        sha256=digest,
    )


class Quota:
    """How many letters each device may still write in this hour of platform time.

    Args:
        per_hour: letters per device and hour; what goes beyond is counted, not kept.
        tracked: devices counted one by one; those that come later in the hour share one allowance.
    """

    def __init__(self, per_hour: int = LETTERS_PER_HOUR, tracked: int = _TRACKED_DEVICES) -> None:
        self._per_hour = per_hour
        self._tracked = tracked
        self._hour = -1
        self._written: dict[str, int] = {}

    def allows(self, device: str, now_us: int) -> bool:
        """Take one letter off the device's allowance; False when nothing is left of it."""
        hour = now_us // _HOUR_US
        if hour != self._hour:
            self._hour = hour
            self._written.clear()
        if device not in self._written and len(self._written) >= self._tracked:
            device = ""
        written = self._written.get(device, 0)
        if written >= self._per_hour:
            return False
        self._written[device] = written + 1
        return True
