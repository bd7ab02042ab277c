"""What recurrences are written with besides + - * /: a Python body for floats and arrays, and one in LLVM for jitted floats and lanes."""

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin
from numba.extending import overload, register_jitable

from rnnsim.numerics.checked import check_lane
from rnnsim.numerics.simd import Lanes, Mask, all_as, any_bit, element_of, meeting_type, teach


def _primitive(arity, build):
    """Teach Numba a Python function on numbers and lanes: `build` gets LLVM values of the type that they meet in."""

    def register(function):
        teach(function, lambda *args: meeting_type(args) if len(args) == arity else None)

        def lower(context, builder, sig, args):
            return build(builder, *all_as(context, builder, args, sig.args, sig.return_type))

        lower_builtin(function, *[types.Any] * arity)(lower)
        return function

    return register


def _call(name):
    def build(builder, *args):
        _, suffix = element_of(args[0])
        signature = ir.FunctionType(args[0].type, [a.type for a in args])
        return builder.call(cgutils.get_or_insert_function(builder.module, signature, f"llvm.{name}.{suffix}"), args)

    return build


@_primitive(3, _call("fmuladd"))
def muladd(a, b, c):
    """a b + c, rounded once where the processor has a fused instruction; Python rounds from the next wider type."""
    dtype = np.result_type(a, b, c)
    if dtype.kind != "f":
        return a * b + c
    wide = np.float64 if dtype == np.float32 else np.longdouble
    with np.errstate(over="ignore"):
        return (np.multiply(a, b, dtype=wide) + c).astype(dtype)


@_primitive(1, _call("fabs"))
def absolute(x):
    """|x|."""
    return np.abs(x)


@_primitive(1, _call("sqrt"))
def square_root(x):
    """√x."""
    return np.sqrt(x)


def _bits_of(x):
    """How many bits a number has, and its mantissa; the LLVM type of integers of as many, and what makes a constant of it."""
    bits, mantissa = (64, 52) if element_of(x)[0] == ir.DoubleType() else (32, 23)
    if not isinstance(x.type, ir.VectorType):
        return bits, mantissa, ir.IntType(bits), lambda value: ir.Constant(ir.IntType(bits), value)
    integers = ir.VectorType(ir.IntType(bits), x.type.count)
    return bits, mantissa, integers, lambda value: ir.Constant(integers, [value] * integers.count)


def _build_signed(builder, x, sign):
    bits, _, integers, whole = _bits_of(x)
    signs = builder.and_(builder.bitcast(sign, integers), whole(1 << (bits - 1)))
    return builder.bitcast(builder.or_(builder.bitcast(x, integers), signs), x.type)


@_primitive(2, _build_signed)
def signed(x, sign):
    """x ≥ 0 with the sign of `sign`, -0 included."""
    return np.copysign(x, sign)


def _build_at_most(builder, x, limit):
    return builder.select(builder.fcmp_ordered(">", x, limit), limit, x)


@_primitive(2, _build_at_most)
def at_most(x, limit):
    """min(x, limit), but nan where x is nan, which `min` and llvm.minnum lose in one order or the other."""
    return np.where(x > limit, limit, x)[()]


def _build_at_least(builder, x, limit):
    return builder.select(builder.fcmp_ordered("<", x, limit), limit, x)


@_primitive(2, _build_at_least)
def at_least(x, limit):
    """max(x, limit), but nan where x is nan."""
    return np.where(x < limit, limit, x)[()]


def _build_shift(builder, x):
    element, _ = element_of(x)
    return ir.Constant(element, float(SHIFT["float64" if element == ir.DoubleType() else "float32"]))


SHIFT = {"float64": 1.5 * 2.0**52, "float32": np.float32(1.5 * 2.0**23)}


def shift(x):
    """1.5 · 2⁵² (float32: 1.5 · 2²³): added to a small number it rounds it to an integer, which stands in the lowest bits."""
    return SHIFT[str(getattr(x, "dtype", "float64"))]


teach(shift, lambda x: getattr(x, "dtype", x))
for _typ in (Lanes, types.Float):
    lower_builtin(shift, _typ)(lambda context, builder, sig, args: _build_shift(builder, args[0]))


def _build_power_of_two(builder, shifted):
    bits, mantissa, integers, whole = _bits_of(shifted)
    k = builder.shl(builder.bitcast(shifted, integers), whole(mantissa))
    return builder.bitcast(builder.add(k, whole(((1 << (bits - mantissa - 2)) - 1) << mantissa)), shifted.type)


@_primitive(1, _build_power_of_two)
def power_of_two(shifted):
    """2ᵏ from k + `shift`, for k that a normal number can have as its exponent."""
    k = np.asarray(shifted - shift(shifted))
    return np.ldexp(np.ones((), k.dtype), np.where(np.isfinite(k), k, 0).astype(np.int32))[()]


def _build_quarter_turns(builder, sine, cosine, shifted):
    bits, _, integers, whole = _bits_of(shifted)
    k = builder.bitcast(shifted, integers)
    odd = builder.icmp_unsigned("!=", builder.and_(k, whole(1)), whole(0))
    turned = builder.bitcast(builder.select(odd, cosine, sine), integers)
    minus = builder.and_(builder.shl(k, whole(bits - 2)), whole(1 << (bits - 1)))
    return builder.bitcast(builder.xor(turned, minus), shifted.type)


@_primitive(3, _build_quarter_turns)
def quarter_turns(sine, cosine, shifted):
    """The sine of an angle and k quarter turns, from the angle's sine and cosine and k + `shift`."""
    k = np.asarray(shifted - shift(shifted))
    quadrant = np.where(np.isfinite(k), k, 0).astype(np.int64) % 4
    return np.choose(quadrant, (sine, cosine, -sine, -cosine))[()]


def _build_binary(part):
    """What `part` makes of a positive normal number's bits; any other number gives what `part` gives for None."""

    def build(builder, x):
        bits, mantissa, integers, whole = _bits_of(x)

        def real(value):
            return ir.Constant(x.type, [float(value)] * x.type.count if isinstance(x.type, ir.VectorType) else float(value))

        info = np.finfo(np.float64 if bits == 64 else np.float32)
        normal = builder.and_(
            builder.fcmp_ordered(">=", x, real(info.smallest_normal)), builder.fcmp_ordered("<=", x, real(info.max))
        )
        found, otherwise = part(builder, builder.bitcast(x, integers), mantissa, whole, real, x)
        return builder.select(normal, found, otherwise)

    return build


def _mantissa(builder, bits, mantissa, whole, real, x):
    bias = 1023 if mantissa == 52 else 127
    kept = builder.or_(builder.and_(bits, whole((1 << mantissa) - 1)), whole(bias << mantissa))
    return builder.bitcast(kept, x.type), x


def _exponent(builder, bits, mantissa, whole, real, x):
    """The exponent becomes the lowest bits of 2^mantissa, which is then taken away."""
    bias = 1023 if mantissa == 52 else 127
    raised = builder.or_(builder.lshr(bits, whole(mantissa)), whole((bias + mantissa) << mantissa))
    return builder.fsub(builder.bitcast(raised, x.type), real(2.0**mantissa + bias)), real(0.0)


def _is_normal(x):
    info = np.finfo(np.result_type(x))
    return (x >= info.smallest_normal) & (x <= info.max)


@_primitive(1, _build_binary(_mantissa))
def mantissa(x):
    """m of x = m 2ᵏ with 1 ≤ m < 2; x itself, if it is no positive normal number."""
    return np.where(_is_normal(x), 2.0 * np.frexp(x)[0], x)[()]


@_primitive(1, _build_binary(_exponent))
def exponent(x):
    """k of x = m 2ᵏ with 1 ≤ m < 2; 0, if x is no positive normal number."""
    return np.where(_is_normal(x), (np.frexp(x)[1] - 1).astype(np.result_type(x)), 0.0)[()]


def select(mask, yes, no):
    """`yes` where `mask` holds, `no` elsewhere."""
    return np.where(mask, yes, no)[()]


def _type_select(mask, yes, no):
    if isinstance(mask, Mask):
        return meeting_type((mask.lanes, yes, no))
    return meeting_type((yes, no)) if isinstance(mask, types.Boolean) else None


teach(select, _type_select)


@lower_builtin(select, types.Any, types.Any, types.Any)
def _lower_select(context, builder, sig, args):
    yes, no = all_as(context, builder, args[1:], sig.args[1:], sig.return_type)
    return builder.select(args[0], yes, no)


@register_jitable(forceinline=True)
def filled(x, number):
    """A number in lanes, or an array, like those of x."""
    return select(x < x, number, number)


def any_lane(mask):
    """Whether `mask` holds in any lane."""
    return bool(np.any(mask))


teach(any_lane, lambda mask: types.boolean if isinstance(mask, Mask | types.Boolean) else None)


@lower_builtin(any_lane, Mask)
def _lower_any_lane(context, builder, sig, args):
    integer = builder.bitcast(args[0], ir.IntType(sig.args[0].lanes.width))
    return builder.icmp_unsigned("!=", integer, ir.Constant(integer.type, 0))


@lower_builtin(any_lane, types.Boolean)
def _lower_any_lane_number(context, builder, sig, args):
    return args[0]


def any_negative(x):
    """Whether any lane has a minus sign (a nan may have one), which is taken to be seldom so."""
    return bool(np.any(np.signbit(x)))


teach(any_negative, lambda x: types.boolean if isinstance(x, Lanes | types.Float) else None)


@lower_builtin(any_negative, types.Any)
def _lower_any_negative(context, builder, sig, args):
    x, typ = args[0], sig.args[0]
    count, bits = (typ.width, typ.dtype.bitwidth) if isinstance(typ, Lanes) else (1, typ.bitwidth)
    return any_bit(builder, builder.bitcast(x, ir.VectorType(ir.IntType(bits), count)), 1 << (bits - 1))


# One lane after the other, for functions that know numbers alone.


def lane(x, i):
    """The number in lane i."""
    return x[i]


def with_lane(x, i, value):
    """x with another number in lane i."""
    changed = x.copy()
    changed[i] = value
    return changed


teach(lane, lambda x, i: x.dtype if isinstance(x, Lanes) and isinstance(i, types.Integer) else None)
teach(with_lane, lambda x, i, value: x if isinstance(x, Lanes) and isinstance(i, types.Integer) else None)


@lower_builtin(lane, Lanes, types.Integer)
def _lower_lane(context, builder, sig, args):
    check_lane(context, builder, args[1], sig.args[1], sig.args[0])
    return builder.extract_element(args[0], builder.trunc(args[1], ir.IntType(32)) if sig.args[1].bitwidth > 32 else args[1])


@lower_builtin(with_lane, Lanes, types.Integer, types.Any)
def _lower_with_lane(context, builder, sig, args):
    check_lane(context, builder, args[1], sig.args[1], sig.args[0])
    number = context.cast(builder, args[2], sig.args[2], sig.return_type.dtype)
    return builder.insert_element(args[0], number, builder.trunc(args[1], ir.IntType(32)))


def each_lane(function, x):
    """function of each lane."""
    return np.vectorize(function, otypes=[np.result_type(x)])(x)


@overload(each_lane)
def _each_lane(function, x):
    if not isinstance(x, Lanes):
        return lambda function, x: function(x)
    lanes = x.width

    def body(function, x):
        for i in range(lanes):
            x = with_lane(x, i, function(lane(x, i)))
        return x

    return body
