"""Every update rule: what it returns, and that nothing moves without a gradient."""

import numpy as np
import pytest
from registry import RULES

from rnnsim.equations.update_rules import prepare, update

VALUES = {"lr": 0.1, "momentum": 0.9, "beta1": 0.9, "beta2": 0.99, "alpha": 0.9, "eps": 1e-8}
VALUES |= {"step": 0.01, "grow": 1.2, "shrink": 0.5, "step_min": 1e-6, "step_max": 50.0}


def updated(rule, p, g, cost=1.0):
    """The parameter after a first update with a gradient, its states and the memory."""
    numbers = tuple(np.full(p.shape, VALUES[name]) for name in rule.numbers)
    starts = (VALUES[start] if isinstance(start, str) else start for start in rule.starts)
    memory = tuple(np.full(p.shape, start) for _, start in rule.memory)
    further, memory = prepare(rule, numbers, memory, np.full(p.shape, cost))
    return *update(rule, numbers, further, tuple(np.full(p.shape, start) for start in starts), p, g), memory


@pytest.mark.parametrize("name", RULES)
def test_a_rule_returns_what_it_says(name):
    rule = RULES[name]
    _, states, memory = updated(rule, np.array([0.5, -1.0]), np.array([0.1, -0.2]))
    assert len(states) == len(rule.states) == len(rule.starts) and len(memory) == len(rule.memory)


@pytest.mark.parametrize("name", RULES)
def test_a_parameter_without_a_gradient_stays_and_others_go_down(name):
    p, g = np.array([0.5, -1.0, 2.0]), np.array([0.0, 0.3, -0.3])
    after, *_ = updated(RULES[name], p, g)
    assert after[0] == p[0] and after[1] < p[1] and after[2] > p[2]
