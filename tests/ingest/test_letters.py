"""Dead letters' identity, and the allowance of letters for each device."""

from __future__ import annotations

from ingest.letters import Quota, make_letter

HOUR_US = 3_600_000_000


def test_a_letter_keeps_64_kib_and_the_length_and_hash_of_all() -> None:
    raw = bytes(range(256)) * 1_000
    letter = make_letter("too_large", "big", topic="t", device="d", raw=raw, received_us=1)
    assert (len(letter.raw), letter.length) == (65_536, 256_000)
    assert letter.raw == raw[:65_536]


def test_letters_differ_by_topic_arrival_bytes_and_place() -> None:
    def identity(topic: str = "t", raw: bytes = b"x", received_us: int = 1, sample: int | None = None) -> str:
        return make_letter(
            "r", "", topic=topic, device="d", raw=raw, received_us=received_us, sample=sample
        ).id

    ids = {identity(), identity("u"), identity(raw=b"y"), identity(received_us=2), identity(sample=0)}
    assert len(ids) == 5
    assert identity() == identity()


def test_each_device_has_its_allowance_by_the_hour() -> None:
    quota = Quota(per_hour=2)
    assert [quota.allows("a", 0) for _ in range(3)] == [True, True, False]
    assert quota.allows("b", 0)
    assert not quota.allows("a", HOUR_US - 1)
    assert quota.allows("a", HOUR_US)


def test_invented_devices_share_one_allowance_once_too_many_are_counted() -> None:
    quota = Quota(per_hour=2, tracked=3)
    assert sum(quota.allows(f"d{n}", 0) for n in range(100)) == 3 + 2
    assert quota.allows("d0", 0)


def test_a_sample_with_a_number_is_one_letter_however_often_and_in_whatever_company_it_comes() -> None:
    def identity(raw: bytes, received_us: int, sample: int | None) -> str:
        return make_letter("r", "", topic="t", device="d", raw=raw, received_us=received_us, sample=sample).id

    numbered = b'{"ts":1,"boot":1,"seq":7}'
    assert identity(numbered, 1, None) == identity(numbered, 2, 5)
    assert identity(numbered, 1, None) != identity(b'{"ts":1,"boot":1,"seq":8}', 1, None)
