"""Stable reason codes: why a message was refused, and what is wrong with a stored value."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Reason(StrEnum):
    """Why a message, or one sample of it, went to the dead letters. Codes never change."""

    MALFORMED_JSON = "malformed_json"
    WRONG_SHAPE = "wrong_shape"
    WRONG_TOPIC = "wrong_topic"
    UNKNOWN_DEVICE = "unknown_device"
    NOT_A_CHILD = "not_a_child"
    TOO_LARGE = "too_large"
    TOO_MANY_SAMPLES = "too_many_samples"
    BAD_TIME = "bad_time"
    TIME_IN_FUTURE = "time_in_future"
    TIME_TOO_OLD = "time_too_old"
    NO_VALUES = "no_values"
    NOT_FINITE = "not_finite"
    RATE_LIMITED = "rate_limited"
    UNREADABLE_RECORD = "unreadable_record"
    NOT_STORABLE = "not_storable"
    UNKNOWN_TYPE = "unknown_type"
    MALFORMED_PAYLOAD = "malformed_payload"
    UNKNOWN_METRIC = "unknown_metric"


class Quality(IntEnum):
    """What is wrong with one value. The column holds NULL, the row's quality map says this."""

    GOOD = 0
    BELOW_VALID = 1
    ABOVE_VALID = 2
    WRONG_TYPE = 3
