"""States, costs and gradients beside PyTorch and JAX, where they are installed."""

import warnings

import numpy as np
import pytest
from family_data import members, random_family, random_inputs

import rnnsim as rs

TRAINABLE = ("w_in", "w_rec", "bias", "h0")


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_torch_agrees(activation):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch")
    net, inputs = random_family(activation=activation, leaky=False), random_inputs()
    targets = np.random.default_rng(2).normal(size=inputs.shape)
    ds = rs.backprop(net, inputs, targets, keep=("state", "cost", "grad"))
    for where, numbers in list(members(net))[::7]:
        module = torch.nn.RNN(1, 1, nonlinearity=activation, batch_first=True, dtype=torch.float64)
        with torch.no_grad():
            weights = (numbers["w_in"], numbers["w_rec"], numbers["bias"], 0.0)
            for parameter, value in zip(module.parameters(), weights, strict=True):
                parameter.fill_(float(value))
        h0 = torch.full((1, len(inputs), 1), float(numbers["h0"]), dtype=torch.float64, requires_grad=True)
        states, _ = module(torch.from_numpy(inputs)[..., None], h0)
        cost = torch.nn.functional.mse_loss(states[..., 0], torch.from_numpy(targets))
        cost.backward()
        member = ds.isel(where)
        np.testing.assert_allclose(member.state[:, 1:], states[..., 0].detach().numpy(), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(member.cost, cost.item(), rtol=1e-12)
        exact = [p.grad.item() for p in list(module.parameters())[:3]] + [h0.grad.sum().item()]
        np.testing.assert_allclose([member[f"grad_{name}"] for name in TRAINABLE], exact, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("activation", ["linear", "tanh", "relu", "sigmoid"])
def test_jax_agrees(activation):
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    phi = {"linear": lambda a: a, "tanh": jnp.tanh, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}[activation]
    net, inputs = random_family(activation=activation), random_inputs()
    targets = np.random.default_rng(2).normal(size=len(inputs))
    ds = rs.backprop(net, inputs, targets)

    with jax.enable_x64(True):

        def cost(w_in, w_rec, bias, h0, leak):
            def step(h, x):
                return (1 - leak) * h + leak * phi(w_rec * h + w_in * x + bias), None

            final = jax.vmap(lambda x: jax.lax.scan(step, h0, x)[0])(jnp.asarray(inputs))
            return jnp.mean((final - targets) ** 2)

        found = jax.jit(jax.value_and_grad(cost, argnums=(0, 1, 2, 3)))
        for where, numbers in list(members(net))[::7]:
            value, gradients = found(*(float(numbers[name]) for name in (*TRAINABLE, "leak")))
            member = ds.isel(where)
            np.testing.assert_allclose(member.cost, value, rtol=1e-12)
            np.testing.assert_allclose([member[f"grad_{name}"] for name in TRAINABLE], gradients, rtol=1e-10, atol=1e-13)
