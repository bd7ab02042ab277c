"""Sweeps run, die at any place, go on, grow and merge in any order; a model in memory says what must be in the store."""

import contextlib
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import settings, stateful
from hypothesis import strategies as st

import rnnsim as rs
from rnnsim import stores
from rnnsim.layouts import PENDING, Layout

VALUES = {"a": 0.25 * np.arange(12), "b": 1.0 + np.arange(12)}


class Killed(BaseException):
    """The process has died."""


def family(rows, columns):
    return rs.Elman(rs.axis("a", VALUES["a"][rows]), rs.axis("b", VALUES["b"][columns]))


def verb(net, inputs):
    """Numbers over both axes, over one, and over a dimension behind them; some nan, and some diverged."""
    w_in, w_rec = net["w_in"].drop_vars("a"), net["w_rec"].drop_vars("b")
    diverged = xr.where(w_in * w_rec > 8, 3, -1).astype(np.int32)
    state = w_in * w_rec * xr.DataArray(np.asarray(inputs, float), dims="step")
    return xr.Dataset(
        {
            "cost": (w_in + w_rec).where(diverged < 0),
            "row": 2 * w_in,
            "state": state.transpose("b", "a", "step"),
            "diverged_at": diverged,
        },
        {"a": net["w_in"].a, "b": net["w_rec"].b, "step": np.arange(3)},
    )


INPUTS = [1.0, 2.0, 3.0]
WHOLE = verb(family(slice(None), slice(None)), INPUTS)
FAULTS = {
    "computing": (Layout, "compute"),
    "writing": (stores.Store, "write"),
    "writing the status": (stores.Store, "write_status"),
    "changing sizes": (stores.zarr.Array, "resize"),
    "laying out": (stores, "create"),
    "consolidating": (stores, "consolidate"),
}


class Sweeps(stateful.RuleBasedStateMachine):
    """The sizes of two halves of a grid, in stores that are perhaps there: `low` begins at row 0, `high` where it ends at most."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.rows = {"low": slice(0, 3), "high": slice(4, 8), "both": slice(0, 0)}
        self.columns = 5
        self.merged: list[int] = []

    def teardown(self):
        self.go("low", 60)
        assert (rs.open(self.path("low")).status != PENDING).all()
        shutil.rmtree(self.folder)

    def path(self, name):
        return self.folder / f"{name}.zarr"

    def go(self, name, memory, columns=None):
        columns = slice(0, self.columns if columns is None else columns)
        found = rs.sweep(verb, family(self.rows[name], columns), INPUTS, to=self.path(name), memory=memory, progress=False)
        xr.testing.assert_identical(found.load(), WHOLE.isel(a=self.rows[name], b=columns))

    @stateful.rule(name=st.sampled_from(["low", "high"]), memory=st.sampled_from([60, 130, 500]))
    def run(self, name, memory):
        self.go(name, memory)

    @stateful.rule(
        name=st.sampled_from(["low", "high"]),
        fault=st.sampled_from(sorted(FAULTS)),
        after=st.integers(0, 9),
        grow=st.integers(0, 2),
        back=st.booleans(),
    )
    def die(self, name, fault, after, grow, back):
        """Die at a place after it was passed a few times, perhaps in a grid that has grown, and perhaps go back to what it was; a dead
        process writes no status."""
        rows = self.rows[name]
        self.rows[name] = slice(rows.start, min(rows.stop + grow, rows.start + 6))
        owner, function = FAULTS[fault]
        before, left = getattr(owner, function), [after]

        def deadly(*args, **named):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return before(*args, **named)

        def dead(*args):
            if left[0] < 0:
                raise Killed
            return write_status(*args)

        write_status = stores.Store.write_status
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stores.Store, "write_status", dead)
            patch.setattr(owner, function, deadly)
            with contextlib.suppress(Killed):
                self.go(name, 60)
        if back and (not self.path(name).exists() or rs.open(self.path(name)).sizes["a"] == rows.stop - rows.start):
            self.rows[name] = rows
            self.go(name, 60)

    @stateful.rule(grow=st.integers(1, 2))
    def extend_rows(self, grow):
        stop = min(6, self.rows["low"].stop + grow)
        self.rows["low"] = slice(0, stop)
        self.go("low", 100)

    @stateful.precondition(lambda self: self.columns < 12 and self.path("low").exists())
    @stateful.rule(grow=st.integers(1, 3))
    def extend_columns(self, grow):
        self.columns = min(12, self.columns + grow)
        self.go("low", 100)

    @stateful.rule()
    def merge(self):
        """Merge two halves, which may overlap, lack blocks, and have blocks of other sizes; then compute what is lacking."""
        names = "low", "high"
        for name in names:
            if not self.path(name).exists():
                self.go(name, 130)
        if len({rs.open(self.path(name)).sizes["b"] for name in names}) > 1:
            with pytest.raises(ValueError, match="differ in the axes a, b"):
                rs.merge(*map(self.path, names), self.path("both"), overwrite=True)
            for name in names:
                self.go(name, 130)
        merged = rs.merge(*map(self.path, names), self.path("both"), overwrite=True)
        places = np.searchsorted(VALUES["a"], merged.a.values)
        columns = merged.sizes["b"]
        whole = WHOLE.isel(a=places, b=slice(0, columns))
        check(xr.open_zarr(self.path("both"), chunks=None))
        if all((rs.open(self.path(name)).status != PENDING).all() for name in names):
            xr.testing.assert_equal(merged.load(), whole)
        found = rs.sweep(verb, family(places, slice(0, columns)), INPUTS, to=self.path("both"), progress=False)
        xr.testing.assert_equal(found.load(), whole)

    @stateful.invariant()
    def what_is_called_done_is_right(self):
        for name in ("low", "high"):
            if self.path(name).exists():
                check(xr.open_zarr(self.path(name), chunks=None))


def check(ds):
    rows, columns = np.searchsorted(VALUES["a"], ds.a.values), np.searchsorted(VALUES["b"], ds.b.values)
    whole = WHOLE.isel(a=rows, b=columns)
    ends = [np.array([*ds[dim].values, ds.sizes[dim[0]]]) for dim in ("a_block", "b_block")]
    for i, j in np.argwhere(ds.transpose("a_block", "b_block", ...).status.values != PENDING):
        part = {"a": slice(*ends[0][i : i + 2]), "b": slice(*ends[1][j : j + 2])}
        for name in ("cost", "state", "diverged_at"):
            xr.testing.assert_equal(ds[name].isel(part), whole[name].isel(part))
        state = 2 if (whole.diverged_at.isel(part) >= 0).any() else 1
        assert ds.transpose("a_block", "b_block", ...).status.values[i, j] == state


Sweeps.TestCase.settings = settings(max_examples=6, stateful_step_count=6, deadline=None)
TestSweeps = Sweeps.TestCase


@pytest.mark.slow
def test_many_sweeps():
    stateful.run_state_machine_as_test(Sweeps, settings=settings(max_examples=100, stateful_step_count=12, deadline=None))
