"""Weights come from PyTorch and Keras and go to PyTorch, with the same outputs and gradients; what has no counterpart is refused."""

import re
import subprocess
import sys
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
from family_data import refused
from own_cells import Adaptive
from project import ROOT

import rnnsim as rs

SAMPLES, STEPS, FEATURES, UNITS, OUTPUTS, TOKENS = 3, 6, 4, 5, 2, 7


@pytest.fixture(scope="module")
def torch():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("torch")


def test_the_example_of_the_readme_runs_in_ten_lines(torch, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    torch.manual_seed(0)
    text = (ROOT / "README.md").read_text()
    *_, stability = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict = {}
    exec(stability, names)
    assert sum(map(bool, stability.splitlines())) == 10
    found, points, exponents = names["found"], names["points"], names["exponents"]
    modes = np.log(np.sort(np.hypot(points.multiplier_real, points.multiplier_imag)[0])[::-1])
    np.testing.assert_allclose(names["spectrum"].lyapunov_exponent, modes, atol=0.01)
    assert {"lyapunov_error", "kaplan_yorke_dimension"} < set(names["spectrum"]) and {"state", "stability"} < set(points)
    first = found.gain.min().item()
    below = exponents.lyapunov_exponent.isel(exponent=0).sel(gain=slice(None, first - 0.05))
    assert (below < 0).all() and int(found.point_count) > 0
    plt.close("all")


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def tokens():
    return np.random.default_rng(0).integers(0, TOKENS, (SAMPLES, STEPS))


def same(found, exact):
    exact = np.asarray(exact)
    np.testing.assert_allclose(np.asarray(found).reshape(exact.shape), exact, rtol=1e-12, atol=1e-12 * np.abs(exact).max())


def outputs_of(net, inputs):
    return rs.simulate(net, inputs, keep="output").output[:, 1:]


# from PyTorch

KINDS = {"tanh": ("RNN", {}), "relu": ("RNN", {"nonlinearity": "relu"}), "GRU": ("GRU", {}), "LSTM": ("LSTM", {})}
OURS = {
    "RNN": {"weight_ih": "w_in", "weight_hh": "w_rec", "bias_ih": "bias", "bias_hh": "bias"},
    "GRU": {"weight_ih": "w_in", "weight_hh": "w_rec", "bias_ih": "bias_in", "bias_hh": "bias_rec"},
    "LSTM": {"weight_ih": "w_in", "weight_hh": "w_rec", "bias_ih": "bias", "bias_hh": "bias"},
}


@pytest.mark.parametrize(("layers", "bias", "batch_first"), [(1, True, False), (2, False, True), (3, True, True)])
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_and_gradients_are_those_of_the_module(torch, kind, layers, bias, batch_first):
    torch.manual_seed(0)
    name, options = KINDS[kind]
    module = getattr(torch.nn, name)(FEATURES, UNITS, layers, bias=bias, batch_first=batch_first, dtype=torch.float64, **options)
    inputs, targets = normal(SAMPLES, STEPS, FEATURES), normal(SAMPLES, STEPS, UNITS, seed=1)
    x, zeros = torch.from_numpy(inputs).requires_grad_(), {"dtype": torch.float64, "requires_grad": True}
    starts = [torch.zeros(layers, SAMPLES, UNITS, **zeros) for _ in range(1 + (kind == "LSTM"))]
    outputs, _ = module(x if batch_first else x.transpose(0, 1), tuple(starts) if kind == "LSTM" else starts[0])
    outputs = outputs if batch_first else outputs.transpose(0, 1)
    cost = torch.nn.functional.mse_loss(outputs, torch.from_numpy(targets))
    cost.backward()

    ds = rs.backprop(rs.from_torch(module), inputs, targets, keep=("cost", "grad", "grad_input", "output"))
    same(ds.output[:, 1:], outputs.detach())
    same(ds.cost, cost.detach())
    same(ds.grad_input[:, 1:], x.grad)
    for i in range(layers):
        suffix = f"_{i}" if layers > 1 else ""
        for theirs, ours in OURS[name].items():
            if bias or "bias" not in theirs:
                same(ds[f"grad_{ours}{suffix}"], getattr(module, f"{theirs}_l{i}").grad)
        for start, theirs in zip(("h0", "c0"), starts, strict=False):
            same(ds[f"grad_{start}{suffix}"], theirs.grad[i].sum(0))


def test_embedding_and_linear_come_along(torch):
    torch.manual_seed(0)
    table, linear = torch.nn.Embedding(TOKENS, FEATURES).double(), torch.nn.Linear(UNITS, OUTPUTS).double()
    module = torch.nn.LSTM(FEATURES, UNITS, 2, batch_first=True).double()
    outputs = linear(module(table(torch.from_numpy(tokens())))[0])
    targets = normal(*outputs.shape)
    torch.nn.functional.mse_loss(outputs, torch.from_numpy(targets)).backward()
    for chain in ([table, module, linear], torch.nn.Sequential(table, module, linear)):
        ds = rs.backprop(rs.from_torch(chain), tokens(), targets, keep=("grad", "output"))
        same(ds.output[:, 1:], outputs.detach())
        for name, parameter in {"table": table.weight, "w_out": linear.weight, "b_out": linear.bias}.items():
            same(ds[f"grad_{name}"], parameter.grad)
        same(ds.grad_w_rec_1, module.weight_hh_l1.grad)
    net = rs.from_torch([module, torch.nn.Linear(UNITS, OUTPUTS, bias=False)])
    assert net["b_out"] == 0.0 and net.embedding is None


@pytest.mark.parametrize("name", OURS)
def test_cells_are_layers(torch, name):
    torch.manual_seed(0)
    kind, layer = getattr(torch.nn, f"{name}Cell"), getattr(torch.nn, name)(2, 3)
    single = kind(2, 3)
    for own, other in zip(layer.parameters(), single.parameters(), strict=True):
        own.data[:] = other.data
    for parameter in OURS[name].values():
        np.testing.assert_array_equal(rs.from_torch(single)[parameter], rs.from_torch(layer)[parameter])
    assert all(rs.from_torch(kind(2, 3, bias=False))[parameter] == 0.0 for parameter in list(OURS[name].values())[2:])


def test_float32_weights_are_exact_and_are_copies(torch):
    module = torch.nn.RNN(FEATURES, UNITS, nonlinearity="relu")
    net = rs.from_torch(module)
    assert net["w_in"].dtype == np.float64 and net.activation == "relu"
    np.testing.assert_array_equal(net["w_in"], module.weight_ih_l0.detach())
    module.double()
    net, before = rs.from_torch(module), module.weight_ih_l0.detach().clone()
    module.weight_ih_l0.data.zero_()
    np.testing.assert_array_equal(net["w_in"], before)


def test_dropout_that_is_off_is_none(torch):
    module = torch.nn.GRU(FEATURES, UNITS, 2, dropout=0.5)
    assert rs.from_torch(module.eval()).units == UNITS


# to PyTorch


def some_net(kind, inputs=FEATURES, units=UNITS, seed=0, **options):
    gates = {"Elman": (), "GRU": (3,), "LSTM": (4,)}[kind]
    given = {"w_in": normal(*gates, units, inputs, seed=seed), "w_rec": normal(*gates, units, units, seed=seed + 1)}
    for i, name in enumerate(("bias_in", "bias_rec") if kind == "GRU" else ("bias",)):
        given[name] = normal(*gates, units, seed=seed + 2 + i)
        given[name].flat[0] = -0.0
    return getattr(rs, kind)(**given | options)


def readout():
    return rs.Readout(normal(OUTPUTS, UNITS, seed=8), normal(OUTPUTS, seed=9))


def embedding():
    return rs.Embedding(normal(TOKENS, FEATURES))


NETS = {
    "RNN(4, 5, batch_first=True)": lambda: some_net("Elman"),
    "RNN(4, 5, batch_first=True) of relu": lambda: some_net("Elman", activation="relu"),
    "GRU(4, 5, batch_first=True)": lambda: some_net("GRU"),
    "LSTM(4, 5, batch_first=True)": lambda: some_net("LSTM"),
    "GRU, Linear": lambda: some_net("GRU", readout=readout()),
    "LSTM(4, 5, num_layers=2, batch_first=True)": lambda: rs.Stack([some_net("LSTM"), some_net("LSTM", UNITS, seed=5)]),
    "RNN(4, 5, num_layers=2, batch_first=True)": lambda: rs.Stack([some_net("Elman"), some_net("Elman", UNITS, seed=5)]),
    "GRU, GRU": lambda: rs.Stack([some_net("GRU"), some_net("GRU", UNITS, 2, seed=5)]),
    "RNN, LSTM, Linear": lambda: rs.Stack([some_net("Elman"), some_net("LSTM", UNITS, seed=5)], readout=readout()),
    "RNN, RNN": lambda: rs.Stack([some_net("Elman"), some_net("Elman", UNITS, activation="relu", seed=5)]),
    "Embedding, GRU, Linear": lambda: rs.Stack([embedding(), some_net("GRU")], readout=readout()),
    "Embedding, LSTM": lambda: rs.Stack([embedding(), some_net("LSTM")]),
}


@pytest.mark.parametrize("name", NETS)
def test_networks_go_to_torch_and_back_bit_by_bit(torch, name):
    net = NETS[name]()
    before = torch.random.get_rng_state()
    module = rs.to_torch(net)
    assert torch.equal(before, torch.random.get_rng_state())
    assert name.startswith(repr(module)) or name == ", ".join(type(part).__name__ for part in module)
    back = rs.from_torch(module)
    assert repr(back) == repr(net)
    for parameter in net.parameter_names:
        assert back[parameter].dims == net[parameter].dims
        assert back[parameter].values.tobytes() == net[parameter].values.tobytes(), parameter


@pytest.mark.parametrize("name", NETS)
def test_modules_have_the_outputs_and_gradients_of_their_networks(torch, name):
    net = NETS[name]()
    inputs = tokens() if "Embedding" in name else normal(SAMPLES, STEPS, FEATURES)
    module = rs.to_torch(net)
    outputs = module(torch.from_numpy(inputs))
    outputs = outputs[0] if isinstance(outputs, tuple) else outputs
    targets = normal(*outputs.shape, seed=1)
    torch.nn.functional.mse_loss(outputs, torch.from_numpy(targets)).backward()
    ds = rs.backprop(net, inputs, targets, keep=("grad", "output"))
    same(ds.output[:, 1:], outputs.detach())
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(parameter.grad)
    of_module = rs.from_torch(module)
    for parameter in net.trainable:
        if parameter.startswith("bias") and "GRU" not in type(net).__name__ and "GRU" not in name:
            same(ds[f"grad_{parameter}"], of_module[parameter].values / 2)  # both of PyTorch's biases have this gradient
        elif parameter[:2] not in ("h0", "c0"):
            same(ds[f"grad_{parameter}"], of_module[parameter])


@pytest.mark.parametrize(
    "net", [rs.Elman(0.5, -0.3), rs.GRU([1.0, 0.2, -1.0], [0.1, 0.2, 0.3]), rs.LSTM([1.0] * 4, [0.5] * 4, 0.5)]
)
def test_scalar_networks_and_numbers_for_whole_biases_are_modules_of_one_unit(torch, net):
    net = rs.Stack([net], readout=rs.Readout(2.0, 0.5))
    found = rs.to_torch(net)(torch.from_numpy(normal(SAMPLES, STEPS, 1)))
    same(rs.simulate(net, normal(SAMPLES, STEPS), keep="output").output[:, 1:], found.detach()[..., 0])


def test_cells_that_pytorch_does_not_have_do_not_go_there():
    with pytest.raises(ValueError, match="to_torch was given a layer of Adaptives; PyTorch has modules for Elman, GRU and LSTM"):
        rs.to_torch(Adaptive.random(2))


def test_a_member_of_a_random_family_goes_to_torch(torch):
    net = rs.GRU.random(3, 2, seed=rs.axis("seed", [1, 2]), bias="gaussian").isel(seed=1)
    np.testing.assert_array_equal(rs.from_torch(rs.to_torch(net))["w_rec"], net["w_rec"])


def test_importing_the_package_leaves_torch_and_keras_alone():
    code = "import sys, rnnsim; rnnsim.from_torch; assert not {'torch', 'keras', 'tensorflow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("call", ["from_torch", "to_torch"])
def test_without_torch_its_absence_is_said(monkeypatch, call):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=f"{call} needs PyTorch: install torch"):
        getattr(rs, call)(rs.Elman(1.0, 0.5))


# from Keras, whose equations these are, as its documentation gives them


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def keras_simple_rnn(x, h, kernel, recurrent, bias=0.0, phi=np.tanh):
    h = phi(x @ kernel + bias + h @ recurrent)
    return h, h


def keras_gru(x, h, kernel, recurrent, bias=(0.0, 0.0)):
    x_z, x_r, x_h = np.split(x @ kernel + bias[0], 3, axis=1)
    h_z, h_r, h_h = np.split(h @ recurrent + bias[1], 3, axis=1)
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
    h = z * h + (1 - z) * np.tanh(x_h + r * h_h)
    return h, h


def keras_lstm(x, state, kernel, recurrent, bias=0.0):
    h, c = np.split(state, 2, axis=1)
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return h, np.hstack([h, c])


STEP = {"SimpleRNN": (1, keras_simple_rnn), "GRU": (3, keras_gru), "LSTM": (4, keras_lstm)}


def keras_outputs(kind, inputs, weights, **options):
    """A layer's outputs over (sample, step, unit), and complex where weights or inputs are."""
    state, outputs = np.zeros((len(inputs), len(weights[1]) * (1 + (kind == "LSTM")))), []
    for x in inputs.swapaxes(0, 1):
        h, state = STEP[kind][1](x, state, *weights, **options)
        outputs.append(h)
    return np.stack(outputs, axis=1)


def keras_weights(kind, inputs=FEATURES, bias=True, seed=0):
    columns = STEP[kind][0] * UNITS
    shapes = [(inputs, columns), (UNITS, columns), (2, columns) if kind == "GRU" else (columns,)]
    return [normal(*shape, seed=seed + i) for i, shape in enumerate(shapes[: 2 + bias])]


def keras_layer(kind, weights=None, **config):
    """What looks like a Keras layer."""
    weights = keras_weights(kind) if weights is None else weights
    plain = {"activation": "linear" if kind == "Dense" else "tanh", "recurrent_activation": "sigmoid", "reset_after": True}
    return type(kind, (), {"get_weights": lambda self: weights, "get_config": lambda self: {**plain, **config}})()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", STEP)
def test_outputs_and_gradients_follow_the_equations_of_keras(kind, bias):
    inputs, targets, weights = (
        normal(SAMPLES, STEPS, FEATURES, seed=3),
        normal(SAMPLES, STEPS, UNITS),
        keras_weights(kind, bias=bias),
    )
    for given in (weights, tuple(weights), keras_layer(kind, weights), [keras_layer(kind, weights)]):
        net = rs.from_keras(given)
        assert type(net).__name__ == kind.replace("SimpleRNN", "Elman")
        same(outputs_of(net, inputs), keras_outputs(kind, inputs, weights))
    gradients = rs.backprop(net, inputs, targets)
    names = ("w_in", "w_rec", *(("bias_in", "bias_rec") if kind == "GRU" else ("bias",)) * bias)
    changes = {name: normal(*gradients[f"grad_{name}"].shape, seed=7) for name in names}
    moved = keras_moved(kind, weights, changes)
    cost = np.mean((keras_outputs(kind, inputs, moved) - targets) ** 2)
    same(sum((gradients[f"grad_{name}"].values * changes[name]).sum() for name in names), cost.imag / 1e-30)


def keras_moved(kind, weights, changes):
    """Keras' weights a complex step along changes of ours."""
    order = {"SimpleRNN": [0], "GRU": [1, 0, 2], "LSTM": [0, 1, 2, 3]}[kind]

    def columns(change):
        gates = change.reshape(len(order), UNITS, -1)
        return np.concatenate([gates[i] for i in order]).T

    steps = [columns(changes["w_in"]), columns(changes["w_rec"])]
    biases = [columns(change)[0] for name, change in changes.items() if name.startswith("bias")]
    steps += [np.stack(biases) if kind == "GRU" else biases[0]] if biases else []
    return [weight + 1e-30j * step for weight, step in zip(weights, steps, strict=True)]


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
def test_a_simple_rnn_keeps_its_activation(activation):
    phi = {"tanh": np.tanh, "relu": lambda a: np.maximum(a, 0), "sigmoid": sigmoid, "linear": lambda a: a}[activation]
    inputs, weights = normal(SAMPLES, STEPS, FEATURES, seed=3), [weight / 4 for weight in keras_weights("SimpleRNN")]
    exact = keras_outputs("SimpleRNN", inputs, weights, phi=phi)
    for net in (rs.from_keras(keras_layer("SimpleRNN", weights, activation=activation)), rs.from_keras(weights)):
        same(outputs_of(net.replace(activation=activation), inputs), exact)


def test_layers_of_keras_make_a_stack():
    table, upper, (kernel, bias) = (
        normal(TOKENS, FEATURES),
        keras_weights("LSTM", UNITS, seed=5),
        (normal(UNITS, OUTPUTS), normal(OUTPUTS)),
    )
    layers = [
        keras_layer("Embedding", [table]),
        keras_layer("GRU"),
        keras_layer("LSTM", upper),
        keras_layer("Dense", [kernel, bias]),
    ]
    states = keras_outputs("LSTM", keras_outputs("GRU", table[tokens()], keras_weights("GRU")), upper)
    same(outputs_of(rs.from_keras(layers), tokens()), states @ kernel + bias)
    same(outputs_of(rs.from_keras([*layers[:3], keras_layer("Dense", [kernel])]), tokens()), states @ kernel)


def test_keras_agrees():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras = pytest.importorskip("keras")
        layers = keras.layers
        before = keras.config.floatx()
        keras.config.set_floatx("float64")
        try:
            for layer in (layers.SimpleRNN, layers.GRU, layers.LSTM):
                for use_bias in (True, False):
                    one = layer(UNITS, return_sequences=True, use_bias=use_bias, bias_initializer="normal", dropout=0.5)
                    inputs = normal(SAMPLES, STEPS, FEATURES)
                    exact = keras.ops.convert_to_numpy(one(inputs))
                    rounding = 1e-6 if layer is layers.SimpleRNN else 1e-12  # Keras 3.15's matmul is in float32 on PyTorch
                    for given in (one, one.get_weights()):
                        np.testing.assert_allclose(outputs_of(rs.from_keras(given), inputs), exact, rtol=rounding, atol=rounding)
            model = keras.Sequential(
                [layers.Embedding(TOKENS, FEATURES), layers.GRU(UNITS, return_sequences=True), layers.Dense(OUTPUTS)]
            )
            exact = keras.ops.convert_to_numpy(model(tokens()))
            np.testing.assert_allclose(outputs_of(rs.from_keras(model.layers), tokens()), exact, rtol=1e-6, atol=1e-6)
        finally:
            keras.config.set_floatx(before)


# refusals

FROM_TORCH_REFUSED = [
    (lambda nn: nn.GRU(2, 3, bidirectional=True), ValueError, "given GRU with bidirectional=True; it needs bidirectional=False"),
    (lambda nn: nn.LSTM(2, 3, proj_size=1), ValueError, "given LSTM with proj_size=1; it needs proj_size=0"),
    (
        lambda nn: nn.RNN(2, 3, 2, dropout=0.5),
        ValueError,
        r"RNN with dropout=0.5 in training mode; it needs evaluation mode: call module.eval\(\)",
    ),
    (lambda nn: nn.RNN(2, 3, device="meta"), ValueError, "given RNN whose weight_ih_l0 holds no real numbers; it needs"),
    (lambda nn: [nn.RNN(2, 3), nn.LazyLinear(2)], ValueError, "given LazyLinear whose weight holds no real numbers"),
    (lambda nn: nn.RNN(2, 3)._apply(lambda tensor: tensor.cfloat()), ValueError, "given RNN whose weight_ih_l0 holds no real"),
    (
        lambda nn: [nn.Embedding(4, 2, max_norm=1.0), nn.RNN(2, 3)],
        ValueError,
        "Embedding with max_norm=1.0; it needs max_norm=None",
    ),
    (lambda nn: [nn.Embedding(4, 2, scale_grad_by_freq=True), nn.RNN(2, 3)], ValueError, "Embedding with scale_grad_by_freq=True"),
    (lambda nn: nn.Conv1d(2, 3, 1), TypeError, "given Conv1d; it needs torch.nn.RNN, GRU, LSTM, one of their cells, or a list"),
    (lambda nn: {"rnn": nn.RNN(2, 3)}, TypeError, "given dict; it needs torch.nn.RNN"),
    (lambda nn: [nn.RNN(2, 3), nn.Dropout(0.5)], TypeError, "given Dropout; it needs torch.nn.RNN"),
    (lambda nn: nn.RNN(2, 3).state_dict(), TypeError, "given OrderedDict; .*: load weights into their module first"),
    (
        lambda nn: nn.ModuleDict({"rnn": nn.RNN(2, 3), "dropped": nn.Dropout(), "out": nn.Linear(3, 1)}),
        TypeError,
        r"given ModuleDict; .*: from_torch\(\[module.rnn, module.out\]\), say",
    ),
    (lambda nn: [], ValueError, "given what makes nothing; it needs what makes an Embedding or none, then"),
    (lambda nn: nn.Linear(2, 3), ValueError, "given what makes Readout; it needs"),
    (lambda nn: [nn.Linear(2, 3), nn.RNN(3, 3)], ValueError, "given what makes Readout, Elman; it needs"),
    (lambda nn: [nn.RNN(3, 3), nn.Embedding(3, 3)], ValueError, "given what makes Elman, Embedding; it needs"),
    (lambda nn: [nn.Embedding(3, 3), nn.Linear(3, 3)], ValueError, "given what makes Embedding, Readout; it needs"),
    (lambda nn: [nn.GRU(3, 3), nn.RNN(2, 3)], ValueError, "layer 1 takes 2 inputs, but layer 0 has 3"),
]


@pytest.mark.parametrize(("make", "kind", "message"), FROM_TORCH_REFUSED, ids=[message for *_, message in FROM_TORCH_REFUSED])
def test_from_torch_refuses(torch, monkeypatch, make, kind, message):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns that lazy modules are new
        given = make(torch.nn)
    refused(monkeypatch, lambda: rs.from_torch(given), kind, message)


TO_TORCH_REFUSED = [
    (lambda: "net", TypeError, "to_torch was given str; it needs an Elman, GRU, LSTM or Stack"),
    (lambda: rs.Embedding(np.ones((2, 2))), TypeError, "to_torch was given Embedding; it needs"),
    (
        lambda: rs.Elman(rs.axis("v", [1.0]), rs.axis("w", [0.5, 1.5])),
        ValueError,
        r"a family with the axes v, w; it needs one network: choose with isel\(v=0, w=0\), say",
    ),
    (
        lambda: some_net("Elman", activation="sigmoid"),
        ValueError,
        "given activation 'sigmoid'; torch.nn.RNN needs 'tanh' or 'relu'",
    ),
    (
        lambda: some_net("Elman", activation=rs.Activation(lambda a: a, lambda a: 1.0)),
        ValueError,
        "activation of the user's own; torch",
    ),
    (lambda: some_net("Elman", leak=0.5), ValueError, "given leak with the value 0.5; torch.nn.RNN needs 1"),
    (lambda: rs.Stack([some_net("Elman", leak=0.5), some_net("GRU", UNITS)]), ValueError, "given leak_0 with the value 0.5"),
    (lambda: some_net("GRU", h0=0.5), ValueError, r"given h0 other than 0; it needs 0, by replace\(h0=0.0\): PyTorch takes starts"),
    (lambda: some_net("LSTM", c0=np.ones((2, UNITS))), ValueError, "given c0 other than 0"),
    (
        lambda: rs.Stack([some_net("GRU"), some_net("GRU", UNITS, h0=0.5)]),
        ValueError,
        r"given h0_1 other than 0; .*replace\(h0_1=0.0",
    ),
]


@pytest.mark.parametrize(("make", "kind", "message"), TO_TORCH_REFUSED, ids=[message for *_, message in TO_TORCH_REFUSED])
def test_to_torch_refuses(monkeypatch, make, kind, message):
    refused(monkeypatch, lambda: rs.to_torch(make()), kind, message)


FROM_KERAS_REFUSED = [
    (
        lambda: keras_layer("Bidirectional", [np.ones(3)]),
        TypeError,
        "given Bidirectional; it needs SimpleRNN, GRU, LSTM, their get_w",
    ),
    (lambda: np.ones(3), TypeError, "given ndarray; it needs SimpleRNN"),
    (lambda: [keras_layer("GRU"), 3], TypeError, "given int; it needs SimpleRNN"),
    (lambda: type("GRU", (), {})(), TypeError, "given GRU; it needs SimpleRNN"),
    (
        lambda: keras_layer("GRU", []),
        ValueError,
        "given GRU that is not built and has no weights; it needs weights: call the layer",
    ),
    (lambda: keras_layer("GRU", reset_after=False), ValueError, "given GRU with reset_after=False; it needs True"),
    (lambda: keras_layer("LSTM", go_backwards=True), ValueError, "given LSTM with go_backwards=True; it needs False"),
    (lambda: keras_layer("LSTM", activation="relu"), ValueError, "given LSTM with activation='relu'; it needs 'tanh'"),
    (
        lambda: keras_layer("GRU", recurrent_activation="hard_sigmoid"),
        ValueError,
        "recurrent_activation='hard_sigmoid'; it needs 'sig",
    ),
    (
        lambda: keras_layer("SimpleRNN", activation="elu"),
        ValueError,
        "activation='elu'; it needs 'tanh' or 'relu' or 'sigmoid' or 'li",
    ),
    (lambda: [keras_layer("Dense", [np.ones((5, 2))], activation="softmax")], ValueError, "given Dense with activation='softmax'"),
    (lambda: [keras_layer("Embedding", [np.ones((4, 4))], mask_zero=True)], ValueError, "given Embedding with mask_zero=True"),
    (
        lambda: [keras_layer("Dense", [np.ones((5, 2))]), keras_layer("GRU")],
        ValueError,
        "given what makes Readout, GRU; it needs",
    ),
    (lambda: [np.ones((2, 3))], ValueError, r"shapes \(2, 3\); it needs \(input, n·unit\), \(unit, n·unit\) and perhaps"),
    (lambda: [], ValueError, "given weights of the shapes none"),
    (lambda: [[["a"]], [["b"]]], TypeError, "w_in was given values of type <U1; it needs real numbers"),
    (lambda: [np.ones((2, 3)), [[1], [1, 2]]], TypeError, "layer_or_weights was given a list that makes no array"),
    (lambda: [np.ones((2, 6)), np.ones((3, 6))], ValueError, r"shapes \(2, 6\), \(3, 6\); it needs"),
    (lambda: [np.ones((2, 3)), np.ones(3)], ValueError, r"shapes \(2, 3\), \(3,\); it needs"),
    (lambda: [np.ones((2, 4)), np.ones((3, 3))], ValueError, r"shapes \(2, 4\), \(3, 3\); it needs"),
    (lambda: [np.ones((0, 3)), np.ones((3, 3))], ValueError, r"shapes \(0, 3\), \(3, 3\); it needs"),
    (
        lambda: [np.ones((2, 9)), np.ones((3, 9)), np.ones(9)],
        ValueError,
        r"shapes \(2, 9\), \(3, 9\), \(9,\); .* 3 for GRU, whose bias is \(2, 3·unit\) with reset_after=True",
    ),
    (lambda: [np.ones((2, 12)), np.ones((3, 12)), np.ones(9)], ValueError, r"\(3, 12\), \(9,\); it needs"),
]


@pytest.mark.parametrize(("make", "kind", "message"), FROM_KERAS_REFUSED, ids=[message for *_, message in FROM_KERAS_REFUSED])
def test_from_keras_refuses(monkeypatch, make, kind, message):
    refused(monkeypatch, lambda: rs.from_keras(make()), kind, message)
