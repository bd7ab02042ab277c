"""PyTorch on the processor, in float64: operations over all points of a piece at once, gradients by autograd."""

from collections.abc import Callable

import torch

from benchmarks.problems import RESULTS, Problem, blocks


def tensors(problem: Problem) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The inputs and the parameters."""
    return torch.from_numpy(problem.inputs), [torch.from_numpy(values) for values in problem.parameters]


def costs_and_gradients(problem: Problem) -> Callable:
    """Autograd through the loop over steps."""
    inputs, parameters = tensors(problem)
    targets = torch.from_numpy(problem.targets)

    def call():
        results = torch.empty((len(RESULTS), problem.points), dtype=torch.float64)
        for block in blocks(problem, 1 << 17):
            leaves = [values[block].detach().requires_grad_() for values in parameters]
            cost = costs(problem.linear, inputs, targets, *leaves)
            torch.stack((cost.detach(), *torch.autograd.grad(cost.sum(), leaves)), out=results[:, block])
        return dict(zip(RESULTS, results, strict=True))

    return call


def costs(linear, inputs, targets, w_in, w_rec, bias, h0):
    """The mean squared error of every point, by states (sample, point)."""
    h = h0.expand(len(targets), -1)
    for x in inputs:
        a = torch.addcmul(torch.addcmul(bias, w_in, x[:, None]), w_rec, h)
        h = a if linear else torch.tanh(a)
    return (h - targets[:, None]).square().mean(0)


def run(inputs, parameters, places) -> None:
    """Compute the states of each step in its place."""
    w_in, w_rec, bias, h = parameters
    drive = torch.empty_like(w_in)
    for x, place in zip(inputs, places, strict=True):
        torch.add(bias, w_in, alpha=x, out=drive)
        h = torch.addcmul(drive, w_rec, h, out=place).tanh_()


def final_state(problem: Problem) -> Callable:
    """One tensor of states, overwritten at every step."""
    _, parameters = tensors(problem)
    inputs = problem.inputs.tolist()

    @torch.no_grad()
    def call():
        final = torch.empty(problem.points, dtype=torch.float64)
        for block in blocks(problem, 1 << 14):
            run(inputs, [values[block] for values in parameters], [final[block]] * problem.steps)
        return {"final_state": final}

    return call


def trajectory(problem: Problem) -> Callable:
    """Every step is computed in its own row of the result."""
    _, parameters = tensors(problem)
    inputs = problem.inputs.tolist()

    @torch.no_grad()
    def call():
        states = torch.empty((problem.steps, problem.points), dtype=torch.float64)
        run(inputs, parameters, states)
        return {"state": states}

    return call
