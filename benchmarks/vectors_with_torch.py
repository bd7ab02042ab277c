"""PyTorch on the processor, in float64: networks of many units, batched products over all networks of a piece, gradients by autograd."""

from collections.abc import Callable, Iterator
from functools import partial

import torch

from benchmarks.recurrences import STEPS, Library
from benchmarks.vectors import INPUTS, STARTS, Problem

Parameters = dict[str, torch.Tensor]


def matrix_product(offset, w, v):
    """States lie as (point, unit, sample)."""
    return torch.baddbmm(offset, w, v.expand(len(w), -1, -1))


def matrix_product_of_rows(offset, w, v):
    """States lie as (point, sample, unit): faster for many units."""
    return torch.baddbmm(offset.mT, v.mT.expand(len(w), -1, -1), w.mT).mT


def sum_of_products(offset, w, v):
    """Points are last, in all three: 8 192 products of 2 × 2 matrices take 30 times as long in bmm."""
    for j in range(w.shape[1]):
        offset = torch.addcmul(offset, w[:, j, None], v[j])
    return offset


def affine(problem: Problem) -> Callable:
    """The fastest of the three."""
    if problem.units <= 2:
        return sum_of_products
    return matrix_product if problem.units < 64 else matrix_product_of_rows


def tensors(problem: Problem) -> tuple[torch.Tensor, Parameters]:
    """The inputs (step, input, sample) and the parameters (point, …), which lie in memory as their product wants them."""
    inputs = torch.from_numpy(problem.inputs).mT.contiguous()
    parameters = {name: torch.from_numpy(values) for name, values in problem.parameters.items()}
    if affine(problem) is sum_of_products:
        return inputs[..., None], {name: v.movedim(0, -1).contiguous().movedim(-1, 0) for name, v in parameters.items()}
    return inputs, parameters


def blocks(problem: Problem) -> Iterator[slice]:
    """All networks at once while calls are what takes the time, else so many that their states and weights stay in the cache."""
    length = problem.points if problem.units < 32 else max(16, 2048 // problem.units)
    return (slice(lo, lo + length) for lo in range(0, problem.points, length))


def run(problem: Problem, inputs: torch.Tensor, parameters: Parameters) -> torch.Tensor:
    """The last states (point, sample, unit)."""
    points_last = affine(problem) is sum_of_products
    lib = Library(affine(problem), partial(torch.chunk, dim=0 if points_last else 1), torch.tanh, torch.sigmoid)
    p = {name: gates_in_rows(name, values) for name, values in parameters.items()}
    states = tuple(p[name].expand(-1, -1, problem.samples) for name in STARTS[problem.cell])
    if points_last:
        p, states = {name: values.movedim(0, -1) for name, values in p.items()}, tuple(s.movedim(0, -1) for s in states)
    for x in inputs:
        states = STEPS[problem.cell](lib, p, x, *states)
    return (states[0].movedim(-1, 0) if points_last else states[0]).mT


def gates_in_rows(name: str, values: torch.Tensor) -> torch.Tensor:
    """Weights (point, [gate ×] unit, from), and all else as columns."""
    columns = values if name.startswith("w_") else values[..., None]
    return columns.flatten(1, -2)


def costs_and_gradients(problem: Problem, last: Callable = run) -> Callable:
    """Autograd through the loop over steps."""
    inputs, parameters = tensors(problem)
    targets = torch.from_numpy(problem.targets)

    def of_piece(block: slice) -> tuple[torch.Tensor, ...]:
        leaves = {name: values[block].detach().requires_grad_() for name, values in parameters.items()}
        cost = (last(problem, inputs, leaves) - targets).square().mean((1, 2))
        return cost.detach(), *torch.autograd.grad(cost.sum(), list(leaves.values()))

    def call():
        found = zip(*(of_piece(block) for block in blocks(problem)), strict=True)
        return dict(zip(problem.results, (torch.cat(parts) for parts in found), strict=True))

    return call


def final_state(problem: Problem, last: Callable = run) -> Callable:
    """The loop over steps without a tape."""
    inputs, parameters = tensors(problem)

    @torch.no_grad()
    def call():
        of_piece = [last(problem, inputs, {name: v[block] for name, v in parameters.items()}) for block in blocks(problem)]
        return {"final_state": torch.cat(of_piece)}

    return call


def module(problem: Problem, inputs: torch.Tensor, parameters: Parameters) -> torch.Tensor:
    """The last states (point, sample, unit) of one network by torch.nn.RNN."""
    rnn = torch.nn.RNN(INPUTS, problem.units, batch_first=True, dtype=torch.float64, device="meta")
    w_in, w_rec, bias, h0 = (values[0] for values in parameters.values())
    weights = {"weight_ih_l0": w_in, "weight_hh_l0": w_rec, "bias_ih_l0": bias, "bias_hh_l0": torch.zeros_like(bias)}
    start = h0.expand(1, problem.samples, -1).contiguous()
    return torch.func.functional_call(rnn, weights, (inputs.movedim(2, 0), start))[1]


def costs_and_gradients_of_module(problem: Problem) -> Callable:
    return costs_and_gradients(problem, module)


def final_state_of_module(problem: Problem) -> Callable:
    return final_state(problem, module)
