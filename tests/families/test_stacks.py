"""Stacks, readouts, embeddings and losses: plain NumPy, the complex step, and laws, for one to three layers of every cell."""

import numpy as np
import pytest
import reference_networks
import xarray as xr
from comparing import identical
from family_data import GATES, numbers, refused

import rnnsim as rs
from rnnsim.numerics import thread_state

# cells with units, inputs or tokens, outputs of a readout or none, samples, steps: points, samples and units as lanes
STACKS = {
    "one Elman, readout": ([("Elman", 3)], 2, None, 2, 5, 4),
    "GRU and Elman": ([("GRU", 3), ("Elman", 4)], 2, None, None, 5, 4),
    "Elman, LSTM and GRU, readout, embedding": ([("Elman", 3), ("LSTM", 2), ("GRU", 4)], 2, 5, 3, 5, 3),
    "Elman and Elman, readout, embedding, many samples": ([("Elman", 3), ("Elman", 2)], 2, 4, 2, 40, 3),
    "LSTM and Elman, readout, embedding, many units": ([("LSTM", 18), ("Elman", 3)], 2, 4, 5, 6, 3),
}
LOSSES = ("mse", "cross_entropy")


class Case:
    """A stack over the axis `member` (all weights) and `start` (h0 of layer 0), its numbers, and its data."""

    def __init__(self, name, members=5):
        self.cells, inputs, self.tokens, self.outputs, self.samples, self.steps = STACKS[name]
        rng = np.random.default_rng(3)
        self.each = []
        for member in range(members):
            layers, below = [], inputs
            for i, (cell, units) in enumerate(self.cells):
                layers.append(numbers(cell, units, below, 10 * member + i))
                below = units
            parts = {"layers": layers}
            if self.outputs:
                parts["readout"] = {"w_out": rng.normal(size=(self.outputs, below)), "b_out": rng.normal(size=self.outputs)}
            if self.tokens:
                parts["table"] = rng.normal(size=(self.tokens, inputs))
            self.each.append(parts)
        shape = (self.samples, self.steps)
        self.inputs = rng.integers(self.tokens, size=shape) if self.tokens else rng.normal(size=(*shape, inputs))
        outputs = self.outputs or self.cells[-1][1]
        self.targets = {"mse": rng.normal(size=(*shape, outputs)), "cross_entropy": rng.integers(-1, outputs, size=shape)}
        self.targets["mse"][rng.random(shape) < 0.3] = np.nan
        self.starts = np.stack([numbers(*self.cells[0], 1, seed)["h0"] for seed in (7, 8)])

    def net(self):
        """The family, of numbers by their places in the nest of parameters."""

        def joined(*where):
            found = []
            for parts in self.each:
                for key in where:
                    parts = parts[key]
                found.append(parts)
            return np.stack(found)

        layers = []
        for i, (cell, _) in enumerate(self.cells):
            kind = getattr(rs, cell)
            dims = {n: tuple(d for d in own if GATES[cell] or d != "gate") for n, own in kind.DIMENSIONS.items() if n != "leak"}
            given = {n: xr.DataArray(joined("layers", i, n), dims=("member", *dims[n])) for n in self.each[0]["layers"][i]}
            if i == 0:
                given["h0"] = xr.DataArray(self.starts, dims=("start", "unit"))
            layers.append(kind(**given))
        readout = None
        if self.outputs:
            w_out = xr.DataArray(joined("readout", "w_out"), dims=("member", "output", "unit"))
            readout = rs.Readout(w_out, xr.DataArray(joined("readout", "b_out"), dims=("member", "output")))
        if self.tokens:
            layers.insert(0, rs.Embedding(xr.DataArray(joined("table"), dims=("member", "token", "input"))))
        return rs.Stack(layers, readout=readout)

    def plain(self, member, start):
        """One member as the reference takes it."""
        parts = self.each[member]
        layers = [{"cell": cell, **own} for (cell, _), own in zip(self.cells, parts["layers"], strict=True)]
        layers[0] = {**layers[0], "h0": self.starts[start]}
        return {**parts, "layers": layers}


def kept(case):
    names = [f"{name}_{i}" for i in range(len(case.cells)) for name in ("state", "increment", "preactivation", "final_state")]
    names += [
        f"{name}_{i}" for i, (cell, _) in enumerate(case.cells) if cell == "LSTM" for name in ("cell_state", "final_cell_state")
    ]
    return (*names, "state", "output", "input", "final_state")


def gradients(case):
    over_steps = [f"{name}_{i}" for i in range(len(case.cells)) for name in ("grad_state", "grad_preactivation")]
    return ("cost", "grad", *over_steps, *(() if case.tokens else ("grad_input",)))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", STACKS)
def test_everything_is_what_plain_numpy_makes_of_it(name, loss):
    case = Case(name)
    ds = rs.backprop(case.net(), case.inputs, case.targets[loss], loss=loss, keep=(*kept(case), *gradients(case)))
    identical(rs.simulate(case.net(), case.inputs, keep=kept(case)), ds[[*kept(case), "diverged_at"]])
    top = len(case.cells) - 1
    np.testing.assert_array_equal(ds.state, ds[f"state_{top}"])
    assert ds.state.dims[-1] == "unit" and ds[f"state_{top}"].dims[-1] == f"unit_{top}"
    for member, start in ((0, 1), (4, 0)):
        one, plain = ds.isel(member=member, start=start), case.plain(member, start)
        run = reference_networks.run(plain["layers"], case.inputs, plain.get("table"), plain.get("readout"))
        for i, (cell, _) in enumerate(case.cells):
            np.testing.assert_allclose(one[f"state_{i}"], run.states[i], rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(one[f"preactivation_{i}"][:, 1:], run.preactivations[i], rtol=1e-11, atol=1e-13)
            np.testing.assert_array_equal(one[f"final_state_{i}"], one[f"state_{i}"][:, -1])
            if cell == "LSTM":
                np.testing.assert_allclose(one[f"cell_state_{i}"], run.cell_states[i], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(one.output[:, 1:], run.outputs, rtol=1e-12, atol=1e-14)
        assert np.isnan(one.output[:, 0]).all()
        cost = reference_networks.cost(**plain, inputs=case.inputs, targets=case.targets[loss], loss=loss)
        np.testing.assert_allclose(one.cost, cost, rtol=1e-12)
        differentiable = plain if case.tokens else {**plain, "inputs": case.inputs}
        for i, layer in enumerate(plain["layers"] if case.samples < 10 and case.cells[0][1] < 10 else ()):
            layer |= {"push_state": np.zeros_like(run.states[i]), "push_preactivation": np.zeros_like(run.preactivations[i])}
        exact = reference_networks.complex_step_gradients(
            differentiable, lambda p: reference_networks.cost(**{"inputs": case.inputs, **p}, targets=case.targets[loss], loss=loss)
        )
        compare(one, exact)


def compare(one, exact):
    """Check the gradients of one member, those that the complex step gave."""
    found = {f"grad_{name}_{i}": value for i, layer in enumerate(exact["layers"]) for name, value in layer.items()}
    found |= {f"grad_{name}": value for name, value in exact.get("readout", {}).items()}
    found |= {f"grad_{name}": exact[name] for name in ("table",) if name in exact}
    if "inputs" in exact:
        found["grad_input"] = np.pad(exact["inputs"], ((0, 0), (1, 0), (0, 0)))
    for name, value in found.items():
        name = name.replace("grad_push_", "grad_")
        got = one[name][:, 1:] if "preactivation" in name else one[name]
        np.testing.assert_allclose(got, value, rtol=1e-11, atol=1e-12 * max(1.0, np.abs(value).max()), err_msg=name)


@pytest.mark.parametrize("name", STACKS)
def test_bits_do_not_depend_on_threads_blocks_or_company(name):
    case = Case(name)
    net, targets = case.net(), case.targets["cross_entropy"]

    def surface(net):
        return rs.backprop(net, case.inputs, targets, loss="cross_entropy", keep=(*gradients(case), "output"))

    whole = surface(net)
    for setting in ({"threads": 1}, {"threads": 3, "block": 1}, {"block": 9}):
        with thread_state.settings(**setting):
            identical(whole, surface(net))
    for where in ({"member": 4, "start": 1}, {"member": 0, "start": 0}):
        identical(whole.isel(where), surface(net.isel(**where)))


def test_a_stack_of_one_layer_is_the_layer():
    layer = rs.GRU(**numbers("GRU", 3, 2))
    x, targets = np.random.default_rng(0).normal(size=(5, 4, 2)), np.zeros((5, 3))
    alone, stacked = (rs.backprop(net, x, targets, keep=("cost", "grad", "state")) for net in (layer, rs.Stack([layer])))
    for name in alone:
        other = name if name in stacked else f"{name}_0"
        np.testing.assert_array_equal(alone[name], stacked[other])
    assert list(stacked.gate_0.values) == list(alone.gate.values)


def test_scalar_networks_stack_and_have_readouts():
    net = rs.Stack(
        [rs.Elman(0.5, rs.axis("w", [0.3, 0.9])), rs.GRU([1.0, 0.2, -1.0], [0.1, 0.2, 0.3])], readout=rs.Readout(2.0, 0.5)
    )
    ds = rs.backprop(net, [1.0, -1.0, 0.5], 0.3, keep=("cost", "grad", "output", "state_0"))
    assert ds.output.dims == ("w", "step") and ds.grad_w_out.dims == ("w",) and ds.grad_w_in_1.dims == ("w", "gate_1")
    many = rs.Stack(
        [
            rs.Elman([[0.5]], [[0.3]]),
            rs.GRU(np.array([1.0, 0.2, -1.0]).reshape(3, 1, 1), np.array([0.1, 0.2, 0.3]).reshape(3, 1, 1)),
        ],
        readout=rs.Readout([[2.0]], [0.5]),
    )
    same = rs.backprop(many, np.array([[1.0], [-1.0], [0.5]]), [0.3], keep=("cost", "grad", "output", "state_0"))
    for name in ds:
        np.testing.assert_array_equal(ds[name].isel(w=0).values.reshape(-1), same[name].values.reshape(-1))


def test_parameters_come_back_by_their_numbered_names():
    net = rs.Stack(
        [rs.Embedding(np.ones((5, 2))), rs.LSTM.random(3, 2, seed=rs.axis("seed", [1, 2])), rs.Elman.random(4, 3, seed=9)],
        readout=rs.Readout(np.ones((2, 4))),
    )
    assert repr(net) == "<rnnsim.Stack of LSTM (3 units), Elman (4 units); 5 tokens in 2 inputs, 2 outputs; axes seed: 2>"
    assert net["w_rec_0"].dims == ("seed", "gate_0", "unit_0", "unit_from_0")
    assert net.parameters.w_in_1.dims == ("unit_1", "input_1") and list(net.parameters.gate_0.values) == list("ifgo")
    again = net.replace(w_rec_0=net["w_rec_0"] * 2, h0_1=0.5)
    np.testing.assert_array_equal(again["w_rec_0"], net["w_rec_0"] * 2)
    assert float(again["h0_1"]) == 0.5 and again.axes == {"seed": 2}
    assert net.sel(seed=2).axes == {}
    np.testing.assert_array_equal(net.isel(seed=1)["w_in_0"], net["w_in_0"][1])


def test_targets_of_the_last_step_are_targets_of_every_step_that_do_not_count_before():
    case = Case("GRU and Elman")
    rng = np.random.default_rng(0)
    for loss, nothing in (("mse", np.nan), ("cross_entropy", -1)):
        last = rng.normal(size=(5, 4)) if loss == "mse" else rng.integers(0, 4, size=5)
        every = np.full((5, case.steps, *last.shape[1:]), nothing, dtype=last.dtype)
        every[:, -1] = last
        for name, found in rs.backprop(case.net(), case.inputs, last, loss=loss).items():
            np.testing.assert_array_equal(found, rs.backprop(case.net(), case.inputs, every, loss=loss)[name])


def ones(*shape):
    return np.ones(shape)


def embedded():
    return rs.Stack([rs.Embedding(ones(4, 2)), rs.Elman(ones(3, 2), ones(3, 3))])


REFUSED = [
    (lambda: embedded().replace(w_rec_0=ones(2, 2)), "in layer 0, w_rec has 2 units, but w_in has 3 units"),
    (
        lambda: rs.Stack([rs.Elman(ones(3, 2), ones(3, 3)), rs.Elman(ones(2, 4), ones(2, 2))]),
        "layer 1 takes 4 inputs, but layer 0 has 3",
    ),
    (lambda: rs.Stack([rs.Elman(1, 1), rs.Elman(ones(2, 1), ones(2, 2))]), "layer 1 has units, but layer 0 is a scalar network"),
    (lambda: rs.Stack([]), "Stack was given no layers"),
    (lambda: rs.Stack([rs.Embedding(ones(4, 3)), rs.Elman(ones(3, 2), ones(3, 3))]), "layer 0 takes 2 inputs, but the table has 3"),
    (lambda: rs.Stack([rs.Elman(1, 1), rs.Embedding(ones(4, 3))]), "an Embedding as layer 1"),
    (lambda: rs.Stack([rs.Elman(1, 1, readout=rs.Readout(1))]), "layer 0 has a readout of its own"),
    (lambda: rs.Elman(ones(3, 2), ones(3, 3), readout=rs.Readout(ones(2, 4))), "w_out takes 4 units, but the layer below it has 3"),
    (lambda: rs.Elman(1, 1, readout=rs.Readout(ones(2, 4))), "w_out has 4 units, but the layer below it has none"),
    (lambda: rs.Readout(ones(2, 4), ones(3)), "b_out has 3 outputs, but w_out has 2"),
    (lambda: rs.simulate(embedded(), [0, 4]), "inputs is 4 at step 1; it needs whole numbers 0…3"),
    (lambda: rs.simulate(embedded(), [0, -1]), "inputs is -1 at step 1"),
    (lambda: rs.backprop(embedded(), [0, 1], 3, loss="cross_entropy"), "targets is 3; it needs whole numbers -1…2"),
    (lambda: rs.backprop(embedded(), [0, 1], -1, loss="cross_entropy"), "targets is -1 for every sample and step"),
    (lambda: rs.backprop(rs.Elman(1, 1), [0, 1], 0, loss="cross_entropy"), "it needs a network with units"),
    (lambda: rs.backprop(embedded(), [0, 1], ones(3), keep="grad_input"), "keep was given 'grad_input'"),
    (lambda: rs.simulate(embedded(), [0, 1], keep="state_1"), "keep was given 'state_1'"),
    (lambda: embedded().replace(w_rec=1), "replace was given 'w_rec'; it needs one of table, w_in_0"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_what_does_not_fit_is_refused(call, message, monkeypatch):
    refused(monkeypatch, call, ValueError, message)


def test_other_types_are_refused():
    for call in (
        lambda: rs.Stack([1]),
        lambda: rs.Elman(1, 1, readout=3),
        lambda: rs.simulate(embedded(), [0.5, 1.0]),
        lambda: rs.backprop(embedded(), [0, 1], 0.5, loss="cross_entropy"),
    ):
        with pytest.raises(TypeError, match="needs"):
            call()
