"""PyTorch on the processor, in float64: iterations, windows and batches in Python."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from benchmarks.training import Problem
from benchmarks.training_by_hand import Library, gradients, points_first, points_last

PIECE = 1024


@contextmanager
def one_thread() -> Iterator[None]:
    """For tensors so small that threads would only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def rprop(problem: Problem) -> Callable:
    """Scalar networks, a piece of the points after the other: torch.optim.Rprop with gradients by hand.

    Autograd on all points at once takes five times as long.
    """
    inputs, targets = torch.from_numpy(problem.inputs.T.copy()), torch.from_numpy(problem.targets)[:, None]
    step, grow, shrink, *bounds = problem.numbers.values()
    starts = torch.from_numpy(np.stack(list(problem.parameters.values())))

    def descend(start: torch.Tensor) -> torch.Tensor:
        w = start.clone()
        w.grad = torch.empty_like(w)
        states = w.new_zeros(len(inputs) + 1, len(targets), w.shape[1])
        cotangents, scratch = torch.empty_like(states[1:]), torch.empty_like(states[1:])
        optimizer = torch.optim.Rprop([w], lr=step, etas=(shrink, grow), step_sizes=tuple(bounds))
        for _ in range(problem.epochs):
            backprop(inputs, targets, w, states, cotangents, scratch)
            optimizer.step()
        return w

    @one_thread()
    @torch.no_grad()
    def call():
        ends = torch.cat([descend(block) for block in starts.split(PIECE, dim=1)], dim=1)
        return dict(zip(problem.parameters, ends, strict=True))

    return call


def backprop(inputs, targets, w, states, cotangents, scratch) -> None:
    """Fill the gradients of w (parameter, point) by states (step, sample, point), the first of which are 0."""
    drive = torch.mul(inputs[..., None], w[0], out=scratch)
    for k in range(len(inputs)):
        torch.addcmul(drive[k], w[1], states[k], out=states[k + 1])
    torch.sub(states[-1], targets, out=cotangents[-1]).mul_(2 / len(targets))
    for k in range(len(inputs) - 1, 0, -1):
        torch.mul(cotangents[k], w[1], out=cotangents[k - 1])
    torch.mv(cotangents.flatten(0, 1).T, inputs.flatten(), out=w.grad[0])
    torch.sum(torch.mul(cotangents, states[:-1], out=scratch), (0, 1), out=w.grad[1])


def sgd(problem: Problem) -> Callable:
    """Networks with a readout, side by side, with gradients by hand: autograd takes nearly twice as long."""
    lib, lr = Library(torch.tanh, torch.einsum, torch.stack), problem.numbers["lr"]
    inputs, targets = torch.from_numpy(problem.inputs), torch.from_numpy(problem.targets)

    @one_thread()
    @torch.no_grad()
    def call():
        p = {name: torch.from_numpy(values) for name, values in points_last(problem).items()}
        for x, t in zip(inputs, targets, strict=True):
            for name, gradient in gradients(lib, x, t, **p).items():
                p[name].sub_(gradient, alpha=lr)
        return points_first(problem, p)

    return call


class Predictor(torch.nn.Module):
    """nn.RNN and a linear readout of all of its states."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.rnn = torch.nn.RNN(inputs, units, batch_first=True, dtype=torch.float64)
        self.readout = torch.nn.Linear(units, 1, dtype=torch.float64)

    def forward(self, x):
        return self.readout(self.rnn(x)[0])

    def named(self) -> list[torch.Tensor]:
        """The parameters in the order of a problem's. The module's second bias stays 0, where it adds nothing."""
        rnn, readout = self.rnn, self.readout
        return [rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, readout.weight, readout.bias]


def sgd_of_modules(problem: Problem) -> Callable:
    """One network after another, as one writes it for one."""
    inputs, targets = torch.from_numpy(problem.inputs), torch.from_numpy(problem.targets)

    def train(start: list[np.ndarray]) -> list[torch.Tensor]:
        model = Predictor(inputs.shape[-1], len(start[0]))
        model.rnn.bias_hh_l0.requires_grad_(False).zero_()
        with torch.no_grad():
            for weight, values in zip(model.named(), start, strict=True):
                weight.copy_(torch.from_numpy(values))
        optimizer, loss = torch.optim.SGD(model.named(), lr=problem.numbers["lr"]), torch.nn.MSELoss()
        for x, t in zip(inputs.split(1), targets.split(1), strict=True):
            optimizer.zero_grad()
            loss(model(x), t).backward()
            optimizer.step()
        return [weight.detach() for weight in model.named()]

    def call():
        ends = [train([values[i] for values in problem.parameters.values()]) for i in range(problem.points)]
        return {name: torch.stack(values) for name, values in zip(problem.parameters, zip(*ends, strict=True), strict=True)}

    return call


def adam(problem: Problem) -> Callable:
    """One scalar network, one update a batch."""
    inputs, targets = torch.from_numpy(problem.inputs), torch.from_numpy(problem.targets)

    def call():
        w_in, w_rec, bias = leaves = [torch.tensor(values, requires_grad=True) for values in problem.parameters.values()]
        optimizer = torch.optim.Adam(leaves, lr=problem.numbers["lr"], fused=True)
        for _ in range(problem.epochs):
            for x, t in zip(inputs.split(problem.batch_size), targets.split(problem.batch_size), strict=True):
                h, *later = torch.addcmul(bias, w_in, x).unbind(1)
                for drive in later:
                    h = torch.addcmul(drive, w_rec, h)
                optimizer.zero_grad()
                torch.nn.functional.mse_loss(h, t).backward()
                optimizer.step()
        return dict(zip(problem.parameters, (leaf.detach() for leaf in leaves), strict=True))

    return call
