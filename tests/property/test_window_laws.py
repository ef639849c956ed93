"""What the E-step leaves out is proven to be next to nothing, and is left out only while the proof holds."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

from adaptest.calibration import calibrate
from adaptest.calibration.arrange import arranged
from adaptest.responses import Responses

CALIBRATE = importlib.import_module("adaptest.calibration.calibrate")
PERSONS, ITEMS = 2_100, 60


def made(model, *, missing=0.0, groups=1, seed=1):
    """Return responses of people drawn from one normal distribution a group."""
    rng = np.random.default_rng(seed)
    group = np.sort(rng.integers(groups, size=PERSONS))
    theta = rng.normal(0.4 * group, 1 + 0.2 * group)
    a, b = rng.uniform(1.2, 2.8, ITEMS), rng.normal(size=(ITEMS, 1 if model == "2pl" else 3))
    steps = a[:, None] * (theta[:, None, None] - np.sort(b, axis=1))
    if model == "gpcm":
        weight = np.exp(np.cumsum(np.pad(steps, ((0, 0), (0, 0), (1, 0))), axis=2))
        reached = np.cumsum(weight[..., ::-1], axis=2)[..., ::-1][..., 1:] / weight.sum(axis=2)[..., None]
    else:
        reached = 1 / (1 + np.exp(-steps))
    scores = (rng.random((PERSONS, ITEMS, 1)) < reached).sum(axis=2).astype(np.int8)
    scores[rng.random(scores.shape) < missing] = -1
    return Responses.of(scores, group=group, groups=tuple(f"g{k}" for k in range(groups)))


@pytest.fixture
def seen(monkeypatch):
    """Let every fit take the large fits' way, and keep what was arranged, before and after."""
    pairs = []

    def kept(problem, rough, state):
        after = arranged(problem, rough, state)
        pairs.append((problem, after, state))
        return after

    monkeypatch.setattr(CALIBRATE, "COARSE_FROM", 1)
    monkeypatch.setattr(CALIBRATE, "arranged", kept)
    return pairs


CASES = [("grm", 0.0, 1), ("grm", 0.3, 2), ("gpcm", 0.2, 1), ("2pl", 0.1, 2), ("2pl", 0.81, 1)]


@pytest.mark.parametrize(("model", "missing", "groups"), CASES)
def test_what_is_left_out_is_next_to_nothing(seen, model, missing, groups):
    data = made(model, missing=missing, groups=groups)
    calibrate(data, model, se="none", threads=1)
    ((before, after, state),) = seen
    theta, _ = after.latent.grid(state.moments)
    assert after.windows.hold(after.blocks, after.layout.psi(state), state.moments, theta)
    whole = replace(after, windows=None).expected(state)
    some = after.expected(state)
    other = before.expected(state)
    widths = np.concatenate([np.diff(np.clip(part, -6, 6)) for part in after.windows.ranges])
    assert widths.min() < 11, "windows that leave nothing out prove nothing"
    # each of 61 nodes left out holds at most e^-34 of the person's best one; the rest is rounding: a sum of
    # 2,100 posteriors has an error of some 1e-16 times itself, one of as many log-likelihoods of 1e-10
    lost = 61 * np.exp(-34)
    assert some.log_likelihood == pytest.approx(whole.log_likelihood, abs=PERSONS * lost + 1e-9)
    assert np.abs(some.counts - whole.counts).max() <= PERSONS * lost + 1e-10
    assert np.abs(some.mass - whole.mass).max() <= PERSONS * lost + 1e-10
    # the order of persons changes the order of sums alone
    assert other.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-13)
    assert np.abs(other.counts - whole.counts).max() <= 1e-10


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize(("model", "missing", "groups"), CASES[1:4:2])
def test_the_maximum_is_the_same_without_windows(monkeypatch, model, missing, groups):
    data = made(model, missing=missing, groups=groups)
    # the first steps round to single precision, each fit its own way: both are taken to the maximum itself
    with_windows = calibrate(data, model, threads=1, tolerance=1e-8)
    monkeypatch.setattr(CALIBRATE, "arranged", lambda problem, *_: problem)
    without = calibrate(data, model, threads=1, tolerance=1e-8)
    assert with_windows.log_likelihood == pytest.approx(without.log_likelihood, abs=1e-7)
    for one, other in zip(with_windows.items.blocks, without.items.blocks, strict=True):
        assert np.abs(one.a - other.a).max() < 1e-7
    for name, errors in with_windows.se.items():
        np.testing.assert_allclose(errors, without.se[name], rtol=1e-6)


def test_windows_do_not_hold_far_from_where_they_were_found(seen):
    calibrate(made("grm"), "grm", se="none", threads=1)
    ((_, after, state),) = seen
    layout = after.layout
    far = layout.unpack(layout.pack(state) * 1.5, state)
    theta, _ = after.latent.grid(far.moments)
    assert not after.windows.hold(after.blocks, layout.psi(far), far.moments, theta)
    wider = np.concatenate([theta[:, :1] - 3, theta], axis=1)
    assert not after.windows.hold(after.blocks, layout.psi(state), state.moments, wider)
    exact = replace(after, windows=None).expected(far)
    assert after.expected(far).log_likelihood == exact.log_likelihood


def test_models_with_asymptotes_have_no_windows(seen):
    calibrate(made("2pl", missing=0.1), "3pl", se="none", threads=1)
    ((_, after, _),) = seen
    assert after.windows is None
