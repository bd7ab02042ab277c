"""What a recurrent network is: every cell, as equations on numbers, arrays or lanes.

A cell is the element-wise part of one unit. Its states s[k-1] and pre-activations a[k] (one a gate; the kernels own the linear maps
that make them; `reads` says which of them read inputs, x, and which states, h) give the states s[k], h first; `constants` are the
unit's own numbers that are no weights, such as the leak. A cell has eight rules:

    step              s[k]
    linearize         s[k], and the partial derivatives that the two rules below need
    pullback          cotangents of s[k]               ->  of s[k-1] (but for the path through a[k]) and of a[k]
    pushforward       tangents of s[k-1] and of a[k]   ->  of s[k]
    partial_tangents  tangents of s[k-1] and of a[k]   ->  of the partial derivatives
    pullback_tangent  tangents of the partial derivatives and of the cotangents of s[k]  ->  of what `pullback` gives
    report            the pre-activations as users know them, one for each of the cell's `labels`
    volume            a unit's factor of the determinant of the Jacobian, where that is Π volume · det W of the gate `volume_gate`, by its
                      place among those that read h; where it is no such product, -1

A new cell is one more class. States and partial derivatives are tuples, and each class says how many it has. `hides_divergence` says
whether a finite state can follow one that is not.
"""

from typing import NamedTuple

from numba.extending import overload

from rnnsim.equations.activations import activation_tangents, linearize_activation, scale, scale_tangent, value
from rnnsim.equations.dispatch import dispatch
from rnnsim.numerics.elementary import sigmoid, sigmoid_and_slope, tanh, tanh_and_slope
from rnnsim.numerics.primitives import muladd, select

NOTHING = -0.0  # x + NOTHING is x to the bit, for every x


def step(cell, constants, s, a):
    """The states s[k]."""
    return type(cell).step(cell, constants, s, a)


def linearize(cell, constants, s, a):
    """The states s[k], and the partial derivatives."""
    return type(cell).linearize(cell, constants, s, a)


def pullback(cell, constants, partials, g):
    """Cotangents of s[k-1] and of a[k] from those of s[k]."""
    return type(cell).pullback(cell, constants, partials, g)


def pushforward(cell, constants, partials, ds, da):
    """Tangents of s[k] from those of s[k-1] and a[k]."""
    return type(cell).pushforward(cell, constants, partials, ds, da)


def partial_tangents(cell, constants, s, a, partials, ds, da):
    """Tangents of the partial derivatives from those of s[k-1] and a[k]."""
    return type(cell).partial_tangents(cell, constants, s, a, partials, ds, da)


def pullback_tangent(cell, constants, partials, d_partials, g, dg):
    """Tangents of the cotangents of s[k-1] and of a[k] from those of the partial derivatives and of the cotangents of s[k]."""
    return type(cell).pullback_tangent(cell, constants, partials, d_partials, g, dg)


def report(cell, a):
    """The pre-activations as users know them."""
    return type(cell).report(cell, a)


def volume(cell, partials, one):
    """A unit's factor of the determinant of the Jacobian; `one` is 1 in every lane."""
    return type(cell).volume(cell, partials, one)


def reading(cell, letter):
    """The gates of a cell that read x or h."""
    return tuple(i for i, reads in enumerate(type(cell).reads) if letter in reads)


def watch(cell, h, zero):
    """`zero`, or nan where the state h is not finite and the next one may be finite again."""
    return muladd(h, 0.0, zero) if cell.hides_divergence else zero


@overload(watch, jit_options={"forceinline": True})
def _watch(cell, h, zero):
    if cell.types[cell.fields.index("activation")].instance_class.hides_divergence:
        return lambda cell, h, zero: muladd(h, 0.0, zero)
    return lambda cell, h, zero: zero


for _rule in (step, linearize, pullback, pushforward, partial_tangents, pullback_tangent, report, volume):
    dispatch(_rule, _rule.__name__)


def as_they_are(cell, a):
    """Pre-activations that users know as the kernels do."""
    return a


class Elman(NamedTuple):
    """h[k] = φ(a[k]),  a[k] = w_rec h[k-1] + w_in x[k] + bias."""

    activation: NamedTuple
    reads = ("xh",)
    labels = ()
    gates = 1
    states = 1
    report = as_they_are
    volume_gate = 0
    constants = 0
    hides_divergence = property(lambda cell: cell.activation.hides_divergence)

    @property
    def partials(cell):
        return cell.activation.partials

    def step(cell, constants, s, a):
        return (value(cell.activation, a[0]),)

    def linearize(cell, constants, s, a):
        y, partials = linearize_activation(cell.activation, a[0])
        return (y,), partials

    def pullback(cell, constants, partials, g):
        return (NOTHING,), (scale(cell.activation, partials, g[0]),)

    def pushforward(cell, constants, partials, ds, da):
        return (scale(cell.activation, partials, da[0]),)

    def volume(cell, partials, one):
        return scale(cell.activation, partials, one)

    def partial_tangents(cell, constants, s, a, partials, ds, da):
        return activation_tangents(cell.activation, a[0], partials, da[0])

    def pullback_tangent(cell, constants, partials, d_partials, g, dg):
        return (NOTHING,), (scale_tangent(cell.activation, partials, d_partials, g[0], dg[0]),)


class LeakyElman(NamedTuple):
    """h[k] = (1 - leak) h[k-1] + leak φ(a[k]).

    Where leak is 1, the state that is forgotten is not multiplied by 0, since 0 · ∞ is nan: the result is Elman's to the bit.
    """

    activation: NamedTuple
    reads = ("xh",)
    labels = ()
    gates = 1
    states = 1
    report = as_they_are
    volume_gate = -1
    constants = 1
    hides_divergence = property(lambda cell: cell.activation.hides_divergence)

    @property
    def partials(cell):
        return cell.activation.partials

    def step(cell, constants, s, a):
        leak = constants[0]
        y = value(cell.activation, a[0])
        return (muladd(leak, y, (1.0 - leak) * select(leak == 1.0, NOTHING, s[0])),)

    def linearize(cell, constants, s, a):
        leak = constants[0]
        y, partials = linearize_activation(cell.activation, a[0])
        return (muladd(leak, y, (1.0 - leak) * select(leak == 1.0, NOTHING, s[0])),), partials

    def pullback(cell, constants, partials, g):
        leak = constants[0]
        kept = (1.0 - leak) * select(leak == 1.0, NOTHING, g[0])
        return (kept,), (scale(cell.activation, partials, leak * g[0]),)

    def pushforward(cell, constants, partials, ds, da):
        leak = constants[0]
        kept = (1.0 - leak) * select(leak == 1.0, NOTHING, ds[0])
        return (muladd(leak, scale(cell.activation, partials, da[0]), kept),)

    def partial_tangents(cell, constants, s, a, partials, ds, da):
        return activation_tangents(cell.activation, a[0], partials, da[0])

    def pullback_tangent(cell, constants, partials, d_partials, g, dg):
        leak = constants[0]
        kept = (1.0 - leak) * select(leak == 1.0, NOTHING, dg[0])
        return (kept,), (scale_tangent(cell.activation, partials, d_partials, leak * g[0], leak * dg[0]),)


class GRU(NamedTuple):
    """h[k] = (1 - z) n + z h[k-1],  r = σ(a_r), z = σ(a_z), n = tanh(a_x + r a_h): a_x reads the input alone, a_h the state alone."""

    reads = ("xh", "xh", "x", "h")
    labels = ("r", "z", "n")
    gates = 4
    states = 1
    volume_gate = -1
    constants = 0
    partials = 5
    hides_divergence = False

    def step(cell, constants, s, a):
        r, z = sigmoid(a[0]), sigmoid(a[1])
        n = tanh(muladd(r, a[3], a[2]))
        return (muladd(z, s[0] - n, n),)

    def linearize(cell, constants, s, a):
        r, r_slope = sigmoid_and_slope(a[0])
        z, z_slope = sigmoid_and_slope(a[1])
        n, n_slope = tanh_and_slope(muladd(r, a[3], a[2]))
        difference = s[0] - n
        return (muladd(z, difference, n),), (z, difference * z_slope, (1.0 - z) * n_slope, a[3] * r_slope, r)

    def pullback(cell, constants, partials, g):
        z, by_z, by_n, n_by_r, r = partials
        g_n = g[0] * by_n
        return (g[0] * z,), (g_n * n_by_r, g[0] * by_z, g_n, g_n * r)

    def pushforward(cell, constants, partials, ds, da):
        z, by_z, by_n, n_by_r, r = partials
        dn = muladd(r, da[3], muladd(n_by_r, da[0], da[2]))
        return (muladd(z, ds[0], muladd(by_z, da[1], by_n * dn)),)

    def partial_tangents(cell, constants, s, a, partials, ds, da):
        _, _, _, n_by_r, r = partials
        _, r_slope = sigmoid_and_slope(a[0])
        z, z_slope = sigmoid_and_slope(a[1])
        n, n_slope = tanh_and_slope(muladd(r, a[3], a[2]))
        dr, dz = r_slope * da[0], z_slope * da[1]
        da_n = muladd(r, da[3], muladd(n_by_r, da[0], da[2]))
        dr_slope, dz_slope, dn_slope = (1.0 - 2.0 * r) * dr, (1.0 - 2.0 * z) * dz, -2.0 * n * n_slope * da_n
        d_by_z = muladd(ds[0] - n_slope * da_n, z_slope, (s[0] - n) * dz_slope)
        d_by_n = muladd(1.0 - z, dn_slope, -dz * n_slope)
        return dz, d_by_z, d_by_n, muladd(da[3], r_slope, a[3] * dr_slope), dr

    def pullback_tangent(cell, constants, partials, d_partials, g, dg):
        z, by_z, by_n, n_by_r, r = partials
        dz, d_by_z, d_by_n, dn_by_r, dr = d_partials
        g_n, dg_n = g[0] * by_n, muladd(dg[0], by_n, g[0] * d_by_n)
        by_r = muladd(dg_n, n_by_r, g_n * dn_by_r)
        return (muladd(dg[0], z, g[0] * dz),), (by_r, muladd(dg[0], by_z, g[0] * d_by_z), dg_n, muladd(dg_n, r, g_n * dr))

    def report(cell, a):
        return a[0], a[1], muladd(sigmoid(a[0]), a[3], a[2])


class LSTM(NamedTuple):
    """c[k] = f c[k-1] + i g,  h[k] = o tanh c[k],  i = σ(a_i), f = σ(a_f), g = tanh(a_g), o = σ(a_o)."""

    reads = ("xh", "xh", "xh", "xh")
    labels = ("i", "f", "g", "o")
    gates = 4
    states = 2
    volume_gate = 3
    constants = 0
    partials = 6
    hides_divergence = False
    report = as_they_are

    def step(cell, constants, s, a):
        i, f, g, o = sigmoid(a[0]), sigmoid(a[1]), tanh(a[2]), sigmoid(a[3])
        c = muladd(f, s[1], i * g)
        return o * tanh(c), c

    def linearize(cell, constants, s, a):
        i, i_slope = sigmoid_and_slope(a[0])
        f, f_slope = sigmoid_and_slope(a[1])
        g, g_slope = tanh_and_slope(a[2])
        o, o_slope = sigmoid_and_slope(a[3])
        c = muladd(f, s[1], i * g)
        y, y_slope = tanh_and_slope(c)
        return (o * y, c), (f, g * i_slope, s[1] * f_slope, i * g_slope, y * o_slope, o * y_slope)

    def pullback(cell, constants, partials, g):
        f, c_by_i, c_by_f, c_by_g, h_by_o, h_by_c = partials
        g_c = muladd(g[0], h_by_c, g[1])
        return (NOTHING, g_c * f), (g_c * c_by_i, g_c * c_by_f, g_c * c_by_g, g[0] * h_by_o)

    def pushforward(cell, constants, partials, ds, da):
        f, c_by_i, c_by_f, c_by_g, h_by_o, h_by_c = partials
        dc = muladd(f, ds[1], muladd(c_by_i, da[0], muladd(c_by_f, da[1], c_by_g * da[2])))
        return muladd(h_by_c, dc, h_by_o * da[3]), dc

    def volume(cell, partials, one):
        return partials[0] * partials[4]

    def partial_tangents(cell, constants, s, a, partials, ds, da):
        f, c_by_i, c_by_f, c_by_g, _, _ = partials
        i, i_slope = sigmoid_and_slope(a[0])
        _, f_slope = sigmoid_and_slope(a[1])
        g, g_slope = tanh_and_slope(a[2])
        o, o_slope = sigmoid_and_slope(a[3])
        y, y_slope = tanh_and_slope(muladd(f, s[1], i * g))
        di, df, dg, do = i_slope * da[0], f_slope * da[1], g_slope * da[2], o_slope * da[3]
        dc = muladd(f, ds[1], muladd(c_by_i, da[0], muladd(c_by_f, da[1], c_by_g * da[2])))
        dc_by_i = muladd(dg, i_slope, g * (1.0 - 2.0 * i) * di)
        dc_by_f = muladd(ds[1], f_slope, s[1] * (1.0 - 2.0 * f) * df)
        dc_by_g = muladd(di, g_slope, -2.0 * i * g * dg)
        dh_by_o = muladd(y_slope * dc, o_slope, y * (1.0 - 2.0 * o) * do)
        return df, dc_by_i, dc_by_f, dc_by_g, dh_by_o, muladd(do, y_slope, -2.0 * o * y * y_slope * dc)

    def pullback_tangent(cell, constants, partials, d_partials, g, dg):
        f, c_by_i, c_by_f, c_by_g, h_by_o, h_by_c = partials
        df, dc_by_i, dc_by_f, dc_by_g, dh_by_o, dh_by_c = d_partials
        g_c, dg_c = muladd(g[0], h_by_c, g[1]), muladd(dg[0], h_by_c, muladd(g[0], dh_by_c, dg[1]))
        by_i, by_f = muladd(dg_c, c_by_i, g_c * dc_by_i), muladd(dg_c, c_by_f, g_c * dc_by_f)
        by_g, by_o = muladd(dg_c, c_by_g, g_c * dc_by_g), muladd(dg[0], h_by_o, g[0] * dh_by_o)
        return (NOTHING, muladd(dg_c, f, g_c * df)), (by_i, by_f, by_g, by_o)


class Readout(NamedTuple):
    """y[k] = a[k],  a[k] = w_out h[k] + b_out: a linear map of the states below, and no state of its own."""

    reads = ("x",)
    labels = ()
    gates = 1
    states = 0
    constants = 0
    partials = 0
