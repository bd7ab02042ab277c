"""Schedules: closed forms, PyTorch's schedulers, and what is refused."""

import warnings

import numpy as np
import pytest
import xarray as xr

import rnnsim as rs

EPOCHS = 12
SCHEDULES = {
    "constant_by_part": (rs.schedules.constant_by_part(0.5, 5, 0.1, EPOCHS), [0.5] * 5 + [0.05] * 5 + [0.005] * 2),
    "exponential": (rs.schedules.exponential(0.5, 0.8, EPOCHS), [0.5 * 0.8**e for e in range(EPOCHS)]),
    "linear": (rs.schedules.linear(0.5, 0.05, EPOCHS), np.linspace(0.5, 0.05, EPOCHS)),
    "cosine": (rs.schedules.cosine(0.5, 0.1, EPOCHS), [0.1 + 0.2 * (1 + np.cos(np.pi * e / 11)) for e in range(EPOCHS)]),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_their_closed_forms(name):
    schedule, exact = SCHEDULES[name]
    assert schedule.dims == ("epoch",)
    np.testing.assert_allclose(schedule, exact, rtol=1e-14)


IN_TORCH = {
    "constant_by_part": lambda of, optimizer: of.StepLR(optimizer, 5, 0.1),
    "exponential": lambda of, optimizer: of.ExponentialLR(optimizer, 0.8),
    "linear": lambda of, optimizer: of.LinearLR(optimizer, 1.0, 0.1, EPOCHS - 1),
    "cosine": lambda of, optimizer: of.CosineAnnealingLR(optimizer, EPOCHS - 1, 0.1),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_torch_agrees(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1)], 0.5)
    scheduler, rates = IN_TORCH[name](torch.optim.lr_scheduler, optimizer), []
    for _ in range(EPOCHS):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    np.testing.assert_allclose(SCHEDULES[name][0], rates, rtol=1e-12)


def test_starts_ends_and_factors_may_be_axes():
    start, factor, end = rs.axis("lr", [0.1, 1.0]), rs.axis("factor", [0.5, 0.9, 1.0]), rs.axis("end", [0.0, 0.2])
    by_part = rs.schedules.constant_by_part(start, 2, factor, 5)
    exponential = rs.schedules.exponential(start, factor, 5)
    assert by_part.dims == exponential.dims == ("lr", "factor", "epoch")
    for lr, f in np.ndindex(2, 3):
        alone = float(start[lr]), float(factor[f])
        np.testing.assert_array_equal(by_part[lr, f], rs.schedules.constant_by_part(alone[0], 2, alone[1], 5))
        np.testing.assert_array_equal(exponential[lr, f], rs.schedules.exponential(*alone, 5))
    for schedule in (rs.schedules.linear, rs.schedules.cosine):
        both = schedule(start, end, 5)
        assert set(both.dims) == {"lr", "end", "epoch"} and both.dims[-1] == "epoch"
        np.testing.assert_array_equal(both.sel(lr=1.0, end=0.2), schedule(1.0, 0.2, 5))
        np.testing.assert_allclose(both.isel(epoch=0).transpose("lr", "end"), [[0.1, 0.1], [1.0, 1.0]])
        np.testing.assert_allclose(both.isel(epoch=-1).transpose("lr", "end"), [[0.0, 0.2], [0.0, 0.2]], atol=1e-17)


REFUSED = [
    (
        lambda: rs.schedules.constant_by_part(0.1, 0, 0.5, 5),
        ValueError,
        "every was given as 0; it needs a whole number of 1 or more",
    ),
    (lambda: rs.schedules.constant_by_part(0.1, 2.0, 0.5, 5), ValueError, "every was given as 2.0"),
    (lambda: rs.schedules.constant_by_part(0.1, 2, "half", 5), TypeError, "factor was given values of type <U4"),
    (lambda: rs.schedules.constant_by_part(0.1, 2, -0.5, 5), ValueError, "factor was given the value -0.5"),
    (lambda: rs.schedules.exponential(0.1, [0.5, 0.6], 5), ValueError, r"factor was given an array of shape \(2,\)"),
    (lambda: rs.schedules.exponential(-0.1, 0.5, 5), ValueError, "start was given the value -0.1"),
    (lambda: rs.schedules.exponential("x", 0.5, 5), TypeError, "start was given values of type <U1"),
    (lambda: rs.schedules.exponential(0.1, 0.5, True), ValueError, "epochs was given as True"),
    (lambda: rs.schedules.linear(0.1, 0.0, 1), ValueError, "epochs was given as 1; it needs a whole number of 2 or more"),
    (lambda: rs.schedules.linear(0.1, -1.0, 5), ValueError, "end was given the value -1.0"),
    (lambda: rs.schedules.cosine(0.1, xr.Dataset(), 5), TypeError, "end was given a Dataset"),
    (lambda: rs.schedules.cosine(np.nan, 0.0, 5), ValueError, "start was given the value nan"),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_bad_numbers_are_refused(call, kind, message):
    with pytest.raises(kind, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
