"""Models learned from examples: better than the signatures, careful, repeatable, fairly judged."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from models.diagnose import LIKELY, opine, probabilities
from models.learning import examples as makings
from models.learning.classifier import Bound, Learned, Signatures, classify, columns
from models.learning.examples import Example, digest, label_of, to_seen, to_vector
from models.learning.judging import (
    answer,
    calibration_error,
    cross_validate,
    decisive,
    evaluate,
    reliability,
)
from models.learning.training import TooFewLabelsError, folds, prepare, train
from models.naming import Seen
from models.plan import UNKNOWN, TypePlan, make_plan
from tests.learning.incidents import FAULTS, evidence_of, make, weights_of
from zerodistance.catalogue import Catalogue


@pytest.fixture(scope="module")
def plan(catalogue: Catalogue) -> TypePlan:
    return make_plan(catalogue["refrigerator"])


@pytest.fixture(scope="module")
def model(plan: TypePlan) -> Learned:
    return train(plan, prepare(plan, make(plan, 20)), "refrigerator-1")


def _bound(plan: TypePlan, given: list[Example]) -> Bound:
    return train(plan, prepare(plan, given), "refrigerator-1").bind(plan)


def test_what_the_signatures_confuse_is_told_apart_on_devices_never_seen(plan: TypePlan) -> None:
    found = evaluate(plan, prepare(plan, make(plan, 24)))
    assert found["signatures"]["wrong_rate"][0] > 0.2  # else there is nothing to learn here
    assert found["learned"]["wrong_rate"][0] < 0.1
    assert found["learned"]["log_loss"][0] < found["signatures"]["log_loss"][0]
    assert found["difference"]["wrong_rate"][2] < 0, "the interval of the difference must exclude none"
    assert found["learned"]["calibration_error"] < 0.1
    assert found["by_cause"]["thermistor_open"]["incidents"] == 24
    assert sum(row["incidents"] for row in found["learned"]["reliability"]) == 96


def test_few_labels_leave_the_word_to_the_signatures(plan: TypePlan, model: Learned) -> None:
    few = train(plan, prepare(plan, make(plan, 3, faults=("compressor_failed", "gasket_leak"))), "x")
    assert few.share <= 0.375 < model.share
    # of what nobody has labelled the signatures alone speak
    seen = evidence_of(plan, "bad_air", np.random.default_rng(1))
    assert few.bind(plan).probabilities(seen).argmax() == probabilities(seen.weights).argmax()
    assert opine(plan, seen).cause(plan) == "bad_air"


@pytest.mark.parametrize(
    "faults",
    [("compressor_failed",), ()],
    ids=["one cause", "nothing"],
)
def test_one_cause_alone_teaches_nothing(plan: TypePlan, faults: tuple[str, ...]) -> None:
    ready = prepare(plan, make(plan, 10, faults=faults))
    with pytest.raises(TooFewLabelsError):
        train(plan, ready, "x")


def test_two_devices_are_no_cause(plan: TypePlan) -> None:
    given = [*make(plan, 10, faults=("gasket_leak", "bad_air")), *make(plan, 2, faults=("door_ajar",))]
    assert set(train(plan, prepare(plan, given), "x").covered) == {"gasket_leak", "bad_air"}


def test_the_same_examples_in_another_order_make_the_same_model(plan: TypePlan) -> None:
    given = make(plan, 12, looks=2)
    mixed = [given[i] for i in np.random.default_rng(3).permutation(len(given))]
    assert digest(given) == digest(mixed)
    one, two = _bound(plan, given), _bound(plan, mixed)
    ready = prepare(plan, make(plan, 5, seed=9))
    arguments = (ready.counted, ready.weights, ready.creeping)
    np.testing.assert_array_equal(one.many(*arguments), two.many(*arguments))
    assert (one.likely, one.model.share, one.model.sharpness) == (
        two.likely,
        two.model.share,
        two.model.sharpness,
    )
    changed = [*given[:-1], msgspec.structs.replace(given[-1], label=UNKNOWN)]
    assert digest(changed) != digest(given)


def test_no_device_stands_on_both_sides_of_a_split(plan: TypePlan) -> None:
    ready = prepare(plan, make(plan, 8, looks=3))
    judged = []
    for fit, test in folds(ready):
        assert not set(ready.device[fit]) & set(ready.device[test])
        judged.extend(test)
    assert sorted(judged) == list(range(len(ready.truth)))


def test_a_devices_fingerprint_is_no_knowledge(plan: TypePlan) -> None:
    """Labels by the toss of a coin, and evidence that gives the device away: no better than the coin."""
    rng = np.random.default_rng(5)
    given = []
    for device in range(20):
        counted = rng.normal(0.0, 6.0, len(plan.features))
        label = FAULTS[int(rng.integers(2))]
        for look in range(4):
            seen = Seen(counted + rng.normal(0, 0.05, len(counted)), weights_of(plan, counted * 0.0), True)
            given.append(
                Example(
                    type="refrigerator",
                    device=f"d{device}",
                    incident=f"i{device}/{look}",
                    stage="opened",
                    time_us=look,
                    vector=to_vector(plan, seen),
                    label=label,
                    outcome="confirmed",
                )
            )
    ready = prepare(plan, given)
    _, learned, _ = cross_validate(plan, ready)
    two = np.unique(ready.truth)
    assert (two[learned.said[:, two].argmax(axis=1)] == ready.truth).mean() < 0.75
    # looks at the same devices are recognised at once: a split by looks would have been taken in
    x = columns(ready.counted, probabilities(ready.weights), ready.creeping)
    known = LogisticRegression(C=10.0, max_iter=500).fit(x, ready.truth)
    assert (known.predict(x) == ready.truth).mean() > 0.9


def test_simulated_incidents_count_less_beside_tickets_and_fully_alone(plan: TypePlan) -> None:
    tickets, simulated = make(plan, 4), make(plan, 4, seed=1, source="simulated")
    both = prepare(plan, [*tickets, *simulated])
    by_source = [both.worth[[e.source == s for e in both.examples]].sum() for s in ("ticket", "simulated")]
    assert by_source == [16.0, 4.0]
    assert prepare(plan, simulated).worth.sum() == 16.0


def test_what_nobody_could_find_becomes_unknown(plan: TypePlan) -> None:
    """Evidence of a leak behind which there is never one, given away by what is in no signature."""
    rng = np.random.default_rng(2)
    given = make(plan, 10)
    for number in range(10):
        counted = evidence_of(plan, "gasket_leak", rng).counted
        counted[plan.features.index("air_quality_mean")] = -6.0
        seen = Seen(counted, weights_of(plan, counted), True)
        given.append(
            Example(
                type="refrigerator",
                device=f"odd-{number}",
                incident=f"odd-{number}",
                stage="opened",
                time_us=0,
                vector=to_vector(plan, seen),
                label=UNKNOWN,
                outcome="no_fault_found",
            )
        )
    found = evaluate(plan, prepare(plan, given))
    assert found["signatures"]["false_names"][0] > 0.9
    assert found["learned"]["false_names"][0] < 0.2
    assert found["learned"]["wrong_rate"][0] < 0.1


_values = st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6))


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_whatever_is_seen_probabilities_are_probabilities(
    data: st.DataObject, plan: TypePlan, model: Learned
) -> None:
    counted = np.array(data.draw(st.lists(_values, min_size=len(plan.features), max_size=len(plan.features))))
    size = len(plan.faults) + 1
    weights = np.array(data.draw(st.lists(st.floats(-100, 100), min_size=size, max_size=size)))
    for empty in (False, True):
        said = model.bind(plan).probabilities(Seen(counted[:0] if empty else counted, weights, empty))
        assert said.shape == (size,)
        assert (said > 0).all()
        assert abs(said.sum() - 1.0) < 1e-9


def test_a_model_outlives_changes_of_the_catalogue(
    catalogue: Catalogue, plan: TypePlan, model: Learned
) -> None:
    """A feature and a fault that are gone, and others in another order, change nothing for the rest."""
    appliance = catalogue["refrigerator"]
    features = dict(reversed([f for f in appliance.features.items() if f[0] != "air_quality_mean"]))
    faults = dict(reversed([f for f in appliance.faults.items() if f[0] != "bad_air"]))
    codes = {code: entry for code, entry in appliance.fault_codes.items() if entry.fault != "bad_air"}
    other = make_plan(msgspec.structs.replace(appliance, features=features, faults=faults, fault_codes=codes))
    rng = np.random.default_rng(4)
    for fault in ("compressor_failed", "gasket_leak"):
        vector = to_vector(plan, evidence_of(plan, fault, rng))
        said = model.bind(other).probabilities(to_seen(other, vector))
        assert other.faults[int(said.argmax())] == fault
    # of a model whose classes are all gone the signatures are left
    foreign = replace(model, covered=("gone",) * len(model.covered)).bind(plan)
    seen = evidence_of(plan, "gasket_leak", rng)
    np.testing.assert_allclose(foreign.probabilities(seen), probabilities(seen.weights))


@pytest.mark.parametrize("classes", [2, 3])
def test_the_quick_way_says_what_scikit_learn_says(plan: TypePlan, classes: int) -> None:
    ready = prepare(plan, make(plan, 6, faults=FAULTS[:classes]))
    model = train(plan, ready, "x").classifier
    x = np.random.default_rng(0).normal(size=(20, model.n_features_in_))
    np.testing.assert_allclose(classify(model, x), model.predict_proba(x), atol=1e-12)


def test_a_champion_names_the_cause_and_its_threshold_counts(plan: TypePlan, model: Learned) -> None:
    seen = evidence_of(plan, "thermistor_open", np.random.default_rng(8))
    before = opine(plan, seen)
    assert (before.cause(plan), before.model) == ("thermostat_drift", "")
    plan.panel.champion = model.bind(plan)
    try:
        after = opine(plan, seen)
        assert (after.cause(plan), after.model) == ("thermistor_open", "refrigerator-1")
        plan.panel.champion = replace(model, likely=1.0).bind(plan)
        assert opine(plan, seen).cause(plan) == UNKNOWN
    finally:
        plan.panel.champion = None


def test_outcomes_become_labels() -> None:
    faults = ("leak", "fan")
    assert label_of("confirmed", "leak", faults) == ("leak", "confirmed")
    assert label_of("other_fault", "fan", faults) == ("fan", "other_fault")
    assert label_of("other_fault", "unheard of", faults) == (UNKNOWN, "other_fault")
    assert label_of("no_fault_found", "", faults) == (UNKNOWN, "no_fault_found")
    for nobody_looked in ("recovered", "owner_fixed", "cancelled", ""):
        assert label_of(nobody_looked, "leak", faults) is None
    assert label_of("confirmed", "a fault that the catalogue has no more", faults) is None


def test_labels_are_counted_by_incident_not_by_look(plan: TypePlan) -> None:
    given = make(plan, 3, looks=4, faults=("gasket_leak", UNKNOWN))
    assert makings.tally(given) == {"confirmed": {"gasket_leak": 3}, "no_fault_found": {UNKNOWN: 3}}
    assert makings.shares(given).sum() == pytest.approx(6.0)


def test_an_incident_is_judged_by_its_last_look_within_a_day(plan: TypePlan) -> None:
    one = make(plan, 1, faults=("gasket_leak",))[0]
    day_us = 86_400_000_000
    looks = [
        msgspec.structs.replace(one, stage=stage, time_us=time_us)
        for stage, time_us in (("opened", 5), ("settled", 5 + day_us), ("revised", 5 + 3 * day_us))
    ]
    follower = msgspec.structs.replace(one, incident="later", led=False)
    ready = prepare(plan, [*looks, follower])
    assert [ready.examples[i].stage for i in decisive(ready)] == ["settled"]


def test_figures_by_hand() -> None:
    said = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.4, 0.45, 0.15]])
    assert answer(said, LIKELY).named.tolist() == [0, 2, 1]
    assert answer(said, 0.5).named.tolist() == [0, 2, 2]
    top, hit = np.array([0.9, 0.9, 0.6, 0.6]), np.array([True, False, True, True])
    assert calibration_error(top, hit) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)
    assert reliability(top, hit) == [
        {"from": 0.6, "incidents": 2, "said": 0.6, "right": 1.0},
        {"from": 0.9, "incidents": 2, "said": 0.9, "right": 0.5},
    ]


def test_the_signatures_are_a_namer_too(plan: TypePlan) -> None:
    seen = evidence_of(plan, "gasket_leak", np.random.default_rng(0))
    alone = Signatures("signatures-1")
    np.testing.assert_array_equal(alone.probabilities(seen), opine(plan, seen).probabilities)
