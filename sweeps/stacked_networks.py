"""How weights multiply inputs and states in stacked networks, on the letters of the alphabet."""

import argparse
import string
from importlib.util import find_spec
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import rnnsim as rs

LETTERS = string.ascii_lowercase
UNITS, LAYERS = 3, 2


def one_hot(text: str) -> np.ndarray:
    """(step, input): a 1 at each letter's place."""
    return np.eye(len(LETTERS))[[LETTERS.index(letter) for letter in text]]


def stack(seed: int = 0) -> rs.Stack:
    """Layers of three units, as PyTorch draws them; each by a seed of its own."""
    inputs = [len(LETTERS), *[UNITS] * (LAYERS - 1)]
    drawn = [rs.Elman.random(UNITS, n, init="uniform", bias="uniform", seed=seed + i) for i, n in enumerate(inputs)]
    return rs.Stack(drawn)


def by_hand(net: rs.Stack, inputs: np.ndarray) -> list[np.ndarray]:
    """The states (step, unit) of every layer: h = tanh(W_in x + W_rec h + b), one product after the other."""
    states, x = [], inputs
    for layer in net.layers:
        h, found = np.zeros(layer.units), []
        for row in x:
            h = np.tanh(layer["w_in"].values @ row + layer["w_rec"].values @ h + layer["bias"].values)
            found.append(h)
        x = np.array(found)
        states.append(x)
    return states


def dissect(net: rs.Stack, text: str) -> xr.Dataset:
    """States, pre-activations and outputs of every layer, and what each layer's products make of them."""
    names = [f"{name}_{i}" for i in range(LAYERS) for name in ("state", "preactivation", "final_state")]
    ds = rs.simulate(net, one_hot(text), keep=(*names, "final_state"))
    return ds.assign_coords(letter=("step", ["", *text]))


def embedded(net: rs.Stack, text: str) -> xr.Dataset:
    """The same from whole numbers, through a table whose rows are the one-hot letters."""
    whole = rs.Stack([rs.Embedding(np.eye(len(LETTERS))), *net.layers])
    return rs.simulate(whole, np.array([LETTERS.index(letter) for letter in text]), keep="final_state")


def figure(ds: xr.Dataset) -> plt.Figure:
    """Every layer's states as they read the letters."""
    _, axes = plt.subplots(1, LAYERS, figsize=(7, 2.7), sharey=True, layout="constrained")
    for i, ax in enumerate(axes):
        one = ds[[f"state_{i}"]].rename({f"state_{i}": "state", f"unit_{i}": "unit"}).assign_coords(unit=range(1, UNITS + 1))
        rs.plot.trajectories(one.drop_vars("letter"), color="unit", ax=ax).set_title(f"layer {i}")
        ax.set_xticks(ds.step.values, ds.letter.values)
        ax.set(xlabel="letter read", ylabel="" if i else "state of the layer")
    rs.plot.shared_legend(axes)
    return rs.plot.panel_letters(axes)


def difference_from_torch(inputs: np.ndarray) -> float:
    """How far a stack with the weights of PyTorch's nn.RNN is from it."""
    import torch

    torch.manual_seed(0)
    module = torch.nn.RNN(len(LETTERS), UNITS, LAYERS, dtype=torch.float64)
    theirs = module(torch.from_numpy(inputs))[0].detach().numpy()
    return float(abs(rs.simulate(rs.from_torch(module), inputs).state[1:] - theirs).max())


@rs.plot.look()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", default="abcdefghijklmnopqrstuvwxyz", help="letters to read (default: the alphabet)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results (default: here)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.text or not set(options.text) <= set(LETTERS):
        parser.error(f"--text was given {options.text!r}; it needs letters from a to z")

    net = stack()
    ds = dissect(net, options.text)
    print(net, "\n", net.parameters.sizes, "\n")
    for name, array in ds.data_vars.items():
        print(f"{name:18} {dict(array.sizes)}")
    hand = by_hand(net, one_hot(options.text))
    for i, states in enumerate(hand):
        print(f"layer {i}: tanh(W_in x + W_rec h + b) by hand differs by {abs(ds[f'state_{i}'].values[1:] - states).max():.1e}")
    print("the output is the top layer's last state:", bool((ds.final_state.values == ds.final_state_1.values).all()))
    print("whole numbers through an embedding give the same:", embedded(net, options.text).final_state.equals(ds.final_state))
    try:
        rs.simulate(net, one_hot(options.text)[:, :4])
    except ValueError as error:
        print("inputs of another size:", error)
    if find_spec("torch"):
        print(f"the weights of PyTorch's nn.RNN give its outputs to {difference_from_torch(one_hot(options.text)):.1e}")
    figure(ds).savefig(options.out / "stacked_networks.png")
    rs.save(ds, options.out / "stacked_networks.nc")


if __name__ == "__main__":
    main()
