"""The cells of `rnnsim.cells` in plain NumPy, as their papers write them: slow, obvious, and good for complex numbers.

Each takes the parameters of a network of many units as arrays, by name, the inputs of a step (sample, input) and the states (sample, unit),
and returns the next states.
"""

import numpy as np


def sigma(a):
    return 1 / (1 + np.exp(-a))


def sums(p, x, h=None):
    """W_g h + V_g x + b_g of every gate, or of those without W_g: V_g x + b_g."""
    weights, biases = p["w_in"], p["bias"]
    if weights.ndim == 2:
        weights, biases = weights[None], biases[None]
    found = [x @ v.T + b for v, b in zip(weights, biases, strict=True)]
    if "w_rec" in p:
        w_rec = p["w_rec"] if p["w_rec"].ndim == 3 else p["w_rec"][None]
        found[: len(w_rec)] = [a + h @ w.T for a, w in zip(found, w_rec, strict=False)]
    return found


def ugrnn(p, x, h):
    """Collins, Sohl-Dickstein and Sussillo 2017: c = tanh(…), g = σ(…), h' = g h + (1 - g) c."""
    c, g = sums(p, x, h)
    return (sigma(g) * h + (1 - sigma(g)) * np.tanh(c),)


def mgu(p, x, h):
    """Zhou et al. 2016, with the gate behind the matrix: f = σ(…), n = tanh(V x + b + f (W h + c)), h' = (1 - f) h + f n."""
    by_x = [x @ v.T + b for v, b in zip(p["w_in"], p["bias_in"], strict=True)]
    by_h = [h @ w.T + b for w, b in zip(p["w_rec"], p["bias_rec"], strict=True)]
    f = sigma(by_x[0] + by_h[0])
    return ((1 - f) * h + f * np.tanh(by_x[1] + f * by_h[1]),)


def janet(p, x, h):
    """Van der Westhuizen and Lasenby 2018: h' = σ(s) h + (1 - σ(s - β)) tanh(…)."""
    s, n = sums(p, x, h)
    return (sigma(s) * h + (1 - sigma(s - p["beta"])) * np.tanh(n),)


def cfn(p, x, h):
    """Laurent and von Brecht 2017: h' = θ tanh(h) + η tanh(V x)."""
    theta, eta, n = sums(p, x, h)
    return (sigma(theta) * np.tanh(h) + sigma(eta) * np.tanh(n),)


def fastrnn(p, x, h):
    """Kusupati et al. 2018: h' = α tanh(W h + V x + b) + β h, α and β through sigmoids."""
    (a,) = sums(p, x, h)
    return (sigma(p["alpha"]) * np.tanh(a) + sigma(p["beta"]) * h,)


def min_gru(p, x, h):
    """Feng et al. 2024: z = σ(linear), h' = (1 - z) h + z linear."""
    z, n = sums(p, x)
    return ((1 - sigma(z)) * h + sigma(z) * n,)


def min_lstm(p, x, h):
    """Feng et al. 2024: f' = f / (f + i), i' = i / (f + i), h' = f' h + i' linear."""
    f, i, n = sums(p, x)
    f, i = sigma(f), sigma(i)
    return (f / (f + i) * h + i / (f + i) * n,)


def lru(p, x, re, im):
    """Orvieto et al. 2023: z' = λ z + γ B x, λ = exp(-exp(ν) + i exp(θ)), here by its real and its imaginary part."""
    size = np.exp(-np.exp(p["nu_log"]))
    c, s = size * np.cos(np.exp(p["theta_log"])), size * np.sin(np.exp(p["theta_log"]))
    b_re, b_im = (np.exp(p["gamma_log"]) * part for part in sums(p, x))
    return c * re - s * im + b_re, s * re + c * im + b_im


def unicornn(p, x, y, z):
    """Rusch and Mishra 2021: z' = z - Δt σ(c) (tanh(w y + V x + b) + α y), y' = y + Δt σ(c) z'."""
    (a,) = sums(p, x)
    step = p["dt"] * sigma(p["c"])
    z = z - step * (np.tanh(p["w"] * y + a) + p["alpha"] * y)
    return y + step * z, z


def rate(p, x, h):
    """τ dh/dt = -h + tanh(W h + V x + b)."""
    (a,) = sums(p, x, h)
    return (h + p["dt"] * (-h + np.tanh(a)) / p["tau"],)


def adaptive_rate(p, x, h, w):
    """τ dh/dt = -h + tanh(W h + V x + b - g w), τ_w dw/dt = -w + h."""
    (a,) = sums(p, x, h)
    return h + p["dt"] * (-h + np.tanh(a - p["g"] * w)) / p["tau"], w + p["dt"] * (-w + h) / p["tau_w"]


def synaptic_rate(p, x, h, i):
    """τ dh/dt = -h + tanh(i), τ_s di/dt = -i + W h + V x + b."""
    (a,) = sums(p, x, h)
    return h + p["dt"] * (-h + np.tanh(i)) / p["tau"], i + p["dt"] * (-i + a) / p["tau_syn"]


def voltage(p, x, v):
    """Sompolinsky, Crisanti and Sommers 1988: τ dv/dt = -v + W tanh(v) + V x + b."""
    (a,) = sums(p, x, read("VoltageUnit", v))
    return (v + p["dt"] * (-v + a) / p["tau"],)


def plastic_rate(p, z, h, u, x):
    """Mongillo, Barak and Tsodyks 2008: τ dh/dt = -h + W (u x r) + V z + b, with du/dt = (U - u)/τ_f + U (1 - u) r and dx/dt = (1 - x)/τ_d
    - u x r."""
    (a,), r = sums(p, z, read("PlasticRateUnit", h, u, x)), np.log(1 + np.exp(h))
    du = (p["U"] - u) / p["tau_f"] + p["U"] * (1 - u) * r
    dx = (1 - x) / p["tau_d"] - u * x * r
    return h + p["dt"] * (-h + a) / p["tau"], u + p["dt"] * du, x + p["dt"] * dx


def plrnn(p, x, z):
    """Durstewitz 2017: z' = A z + W max(0, z) + C s + h."""
    (a,) = sums(p, x, read("PLRNN", z))
    return (p["A"] * z + a,)


READ = {
    "VoltageUnit": np.tanh,
    "PlasticRateUnit": lambda h, u, x: u * x * np.log(1 + np.exp(h)),
    "PLRNN": lambda z: np.where(np.real(z) > 0, z, 0),
}


def read(name, *states):
    """What weights, readouts and targets are of: the first state, or what the cell makes of its states."""
    return READ[name](*states) if name in READ else states[0]


STEPS = {
    "UGRNN": ugrnn,
    "MGU": mgu,
    "JANET": janet,
    "CFN": cfn,
    "FastRNN": fastrnn,
    "minGRU": min_gru,
    "minLSTM": min_lstm,
    "LRU": lru,
    "UnICORNN": unicornn,
    "RateUnit": rate,
    "AdaptiveRateUnit": adaptive_rate,
    "SynapticRateUnit": synaptic_rate,
    "VoltageUnit": voltage,
    "PlasticRateUnit": plastic_rate,
    "PLRNN": plrnn,
}


def run(name, p, starts, inputs):
    """Each state (sample, step 0…T, unit) of a network on inputs (sample, step, input); starts are names of parameters, (unit)."""
    states = [tuple(np.broadcast_to(p[start], (len(inputs), len(p[start]))) for start in starts)]
    for k in range(inputs.shape[1]):
        states.append(STEPS[name](p, inputs[:, k], *states[-1]))
    return [np.stack(state, axis=1) for state in zip(*states, strict=True)]


def jacobian(name, p, x, states, size=1e-30):
    """∂s'[i]/∂s[j] of one sample, by the complex step; states one after the other."""
    flat, sizes = np.concatenate(states).astype(complex), len(states)
    columns = []
    for unit in np.eye(len(flat)):
        moved = STEPS[name](p, x[None], *((flat + 1j * size * unit).reshape(sizes, 1, -1)))
        columns.append(np.imag(np.concatenate([new[0] for new in moved])) / size)
    return np.stack(columns, axis=1)
