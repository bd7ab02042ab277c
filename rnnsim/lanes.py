"""A SIMD value type for Numba: `Lanes(dtype, width)` holds `width` numbers, one per grid point.

Arithmetic on it becomes LLVM vector arithmetic by construction, so a recurrence written with + - * / and the primitives
below runs unchanged on a Python float, a NumPy array, a jitted float and a vector of lanes. LLVM splits a wide vector into
as many registers as the processor needs.

No fast-math flag is ever set: the only fused operation is `muladd`, which is written where it is wanted. So a result
depends on neither the width, nor the code around it, nor on how the optimiser saw it.
"""

import operator
from dataclasses import dataclass

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin, lower_constant
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import NativeValue, models, overload, register_model, typeof_impl, unbox
from numba.np.numpy_support import from_dtype


@dataclass(frozen=True)
class Kind:
    """What a register holds: `width` numbers of type `dtype`. Kernels take one as an argument and are compiled for it."""

    width: int
    dtype: str = "float64"


class KindType(types.Type):
    def __init__(self, kind: Kind):
        self.kind = kind
        self.lanes = Lanes(from_dtype(np.dtype(kind.dtype)), kind.width)
        super().__init__(name=f"Kind({kind.dtype}, {kind.width})")


class Lanes(types.Type):
    def __init__(self, dtype: types.Float, width: int):
        self.dtype, self.width = dtype, width
        super().__init__(name=f"Lanes({dtype}, {width})")


class Mask(types.Type):
    def __init__(self, lanes: Lanes):
        self.lanes = lanes
        super().__init__(name=f"Mask({lanes})")


register_model(KindType)(models.OpaqueModel)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        element = dmm.lookup(fe_type.dtype).get_value_type()
        super().__init__(dmm, fe_type, ir.VectorType(element, fe_type.width))


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, ir.VectorType(ir.IntType(1), fe_type.lanes.width))


@typeof_impl.register(Kind)
def _typeof_kind(kind, context):
    return KindType(kind)


@unbox(KindType)
def _unbox_kind(typ, value, c):
    return NativeValue(c.context.get_dummy_value())


@lower_constant(KindType)
def _constant_kind(context, builder, typ, value):
    return context.get_dummy_value()


# How a Python value of type `typ` becomes a vector of `lanes` in LLVM.


def _spread(context, builder, value, typ, lanes):
    if typ == lanes:
        return value
    element = context.cast(builder, value, typ, lanes.dtype)
    vector = context.get_value_type(lanes)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), element, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes.width), [0] * lanes.width)
    return builder.shuffle_vector(first, first, zeros)


def _meet(args):
    """The type that numbers and lanes meet in: the lanes' own, or float64 among numbers alone; None for anything else."""
    lanes = {a for a in args if isinstance(a, Lanes)}
    if len(lanes) > 1 or not all(isinstance(a, Lanes | types.Float | types.Integer) for a in args):
        return None
    if lanes:
        return lanes.pop()
    return types.float32 if all(a == types.float32 for a in args) else types.float64


def _spread_all(context, builder, args, types_in, typ):
    if isinstance(typ, Lanes):
        return [_spread(context, builder, a, t, typ) for a, t in zip(args, types_in, strict=True)]
    return [context.cast(builder, a, t, typ) for a, t in zip(args, types_in, strict=True)]


def element_of(value):
    """The LLVM element type of a vector or scalar, and its suffix in the names of intrinsics."""
    vector = isinstance(value.type, ir.VectorType)
    element = value.type.element if vector else value.type
    bits = "f64" if element == ir.DoubleType() else "f32"
    return element, f"v{value.type.count}{bits}" if vector else bits


def teach(function, typer):
    """Register how Numba types calls of a Python function or operator: `typer` maps argument types to a result, or None."""

    class Template(AbstractTemplate):
        key = function

        def generic(self, args, kws):
            try:
                result = typer(*args)
            except TypeError:
                return None
            return result and signature(result, *args)

    infer_global(function, types.Function(Template))


# Operators: + - * / and comparisons between lanes, or lanes and numbers.

NUMBERS = (types.Float, types.Integer)
PAIRS = [(Lanes, Lanes), *((Lanes, n) for n in NUMBERS), *((n, Lanes) for n in NUMBERS)]


def _operator(op, result, build):
    def typer(left, right):
        typ = _meet((left, right))
        return result(typ) if isinstance(typ, Lanes) else None

    def lower(context, builder, sig, args):
        return build(builder, *_spread_all(context, builder, args, sig.args, _meet(sig.args)))

    teach(op, typer)
    for pair in PAIRS:
        lower_builtin(op, *pair)(lower)


for _ops, _name in (
    ((operator.add, operator.iadd), "fadd"),
    ((operator.sub, operator.isub), "fsub"),
    ((operator.mul, operator.imul), "fmul"),
    ((operator.truediv, operator.itruediv), "fdiv"),
):
    for _op in _ops:
        _operator(_op, lambda lanes: lanes, lambda builder, a, b, name=_name: getattr(builder, name)(a, b))

for _op, _sign in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
):
    _operator(_op, lambda lanes: Mask(lanes), lambda builder, a, b, sign=_sign: builder.fcmp_ordered(sign, a, b))
_operator(operator.ne, lambda lanes: Mask(lanes), lambda builder, a, b: builder.fcmp_unordered("!=", a, b))

teach(operator.neg, lambda x: x if isinstance(x, Lanes) else None)


@lower_builtin(operator.neg, Lanes)
def _lower_neg(context, builder, sig, args):
    return builder.fneg(args[0])


# Primitives: a Python body for floats and arrays, and one LLVM body for jitted floats and lanes.


def _primitive(arity, build):
    """Teach Numba a Python function on numbers and lanes: `build` gets LLVM values of the type that they meet in."""

    def register(function):
        teach(function, lambda *args: _meet(args) if len(args) == arity else None)

        def lower(context, builder, sig, args):
            return build(builder, *_spread_all(context, builder, args, sig.args, sig.return_type))

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


def _build_signed(builder, x, sign):
    bits = 64 if element_of(x)[0] == ir.DoubleType() else 32
    integer = ir.VectorType(ir.IntType(bits), x.type.count) if isinstance(x.type, ir.VectorType) else ir.IntType(bits)
    minus = 1 << (bits - 1)
    minus = ir.Constant(integer, [minus] * integer.count if isinstance(integer, ir.VectorType) else minus)
    signs = builder.and_(builder.bitcast(sign, integer), minus)
    return builder.bitcast(builder.or_(builder.bitcast(x, integer), signs), x.type)


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
    element, _ = element_of(shifted)
    bits, mantissa, bias = (64, 52, 1023) if element == ir.DoubleType() else (32, 23, 127)
    integer = ir.IntType(bits)
    if isinstance(shifted.type, ir.VectorType):
        integer = ir.VectorType(integer, shifted.type.count)

    def constant(value):
        return ir.Constant(integer, [value] * shifted.type.count if isinstance(integer, ir.VectorType) else value)

    k = builder.shl(builder.bitcast(shifted, integer), constant(mantissa))
    return builder.bitcast(builder.add(k, constant(bias << mantissa)), shifted.type)


@_primitive(1, _build_power_of_two)
def power_of_two(shifted):
    """2ᵏ from k + `shift`, for k that a normal number can have as its exponent."""
    k = np.asarray(shifted - shift(shifted))
    return np.ldexp(np.ones((), k.dtype), np.where(np.isfinite(k), k, 0).astype(np.int32))[()]


def select(mask, yes, no):
    """`yes` where `mask` holds, `no` elsewhere."""
    return np.where(mask, yes, no)[()]


def _type_select(mask, yes, no):
    if isinstance(mask, Mask):
        return _meet((mask.lanes, yes, no))
    return _meet((yes, no)) if isinstance(mask, types.Boolean) else None


teach(select, _type_select)


@lower_builtin(select, types.Any, types.Any, types.Any)
def _lower_select(context, builder, sig, args):
    yes, no = _spread_all(context, builder, args[1:], sig.args[1:], sig.return_type)
    return builder.select(args[0], yes, no)


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
    """The signs of all registers in one, and a branch of which LLVM knows that it hardly ever goes one way."""
    x, typ = args[0], sig.args[0]
    count, bits = (typ.width, typ.dtype.bitwidth) if isinstance(typ, Lanes) else (1, typ.bitwidth)
    x = builder.bitcast(x, ir.VectorType(ir.IntType(bits), count))
    while x.type.count * bits > 256:
        halves = np.arange(x.type.count).reshape(2, -1).tolist()
        x = builder.or_(*(builder.shuffle_vector(x, x, ir.Constant(ir.VectorType(ir.IntType(32), len(h)), h)) for h in halves))
    signs = builder.bitcast(builder.icmp_signed("<", x, ir.Constant(x.type, [0] * x.type.count)), ir.IntType(x.type.count))
    true = builder.icmp_unsigned("!=", signs, ir.Constant(signs.type, 0))
    expect = cgutils.get_or_insert_function(builder.module, ir.FunctionType(true.type, [true.type] * 2), "llvm.expect.i1")
    return builder.call(expect, [true, ir.Constant(true.type, 0)])


# Memory: contiguous arrays, of any rank, by the position of an element in memory.


def splat(kind, x):
    """Every lane holds the number x."""
    return np.full(kind.width, x, kind.dtype)


def spread(kind, array, position):
    """Every lane holds the number that stands at `position` in a contiguous 1-D `array`."""
    return splat(kind, array[position])


def load(kind, array, position):
    """The lanes that stand from `position` on in a contiguous 1-D `array`."""
    return array[position : position + kind.width].copy()


def store(array, position, value):
    """Write lanes from `position` on into a contiguous 1-D `array`."""
    array[position : position + len(value)] = value


teach(splat, lambda kind, x: kind.lanes)
teach(spread, lambda kind, array, position: kind.lanes if _fits(array, kind.lanes) else None)
teach(load, lambda kind, array, position: kind.lanes if _fits(array, kind.lanes) else None)
teach(store, lambda array, position, value: types.void if _fits(array, value) else None)


def _fits(array, lanes):
    return isinstance(array, types.Array) and array.ndim == 1 and array.layout == "C" and array.dtype == lanes.dtype


def _address(context, builder, array_type, array, position, lanes):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [position]), context.get_value_type(lanes).as_pointer())


def _alignment(lanes):
    return lanes.dtype.bitwidth // 8


for _number in NUMBERS:

    @lower_builtin(splat, KindType, _number)
    def _lower_splat(context, builder, sig, args):
        return _spread(context, builder, args[1], sig.args[1], sig.return_type)


@lower_builtin(spread, KindType, types.Array, types.Integer)
def _lower_spread(context, builder, sig, args):
    _, array_type, _ = sig.args
    data = context.make_array(array_type)(context, builder, args[1]).data
    number = builder.load(builder.gep(data, [args[2]]))
    return _spread(context, builder, number, sig.return_type.dtype, sig.return_type)


@lower_builtin(load, KindType, types.Array, types.Integer)
def _lower_load(context, builder, sig, args):
    _, array_type, _ = sig.args
    value = builder.load(_address(context, builder, array_type, args[1], args[2], sig.return_type))
    value.align = _alignment(sig.return_type)
    return value


@lower_builtin(store, types.Array, types.Integer, Lanes)
def _lower_store(context, builder, sig, args):
    array_type, _, lanes = sig.args
    written = builder.store(args[2], _address(context, builder, array_type, args[0], args[1], lanes))
    written.align = _alignment(lanes)
    return context.get_dummy_value()


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
    return builder.extract_element(args[0], builder.trunc(args[1], ir.IntType(32)) if sig.args[1].bitwidth > 32 else args[1])


@lower_builtin(with_lane, Lanes, types.Integer, types.Any)
def _lower_with_lane(context, builder, sig, args):
    number = context.cast(builder, args[2], sig.args[2], sig.return_type.dtype)
    return builder.insert_element(args[0], number, builder.trunc(args[1], ir.IntType(32)))


def each_lane(function, x):
    """function of each lane."""
    return np.vectorize(function, otypes=[np.result_type(x)])(x)


@overload(each_lane)
def _each_lane(function, x):
    lanes = x.width

    def body(function, x):
        for i in range(lanes):
            x = with_lane(x, i, function(lane(x, i)))
        return x

    return body


def align_stack():
    """At the start of a kernel: let LLVM align its stack, so that spilled registers do not straddle cache lines (up to 1.4 times)."""


teach(align_stack, lambda: types.void)


@lower_builtin(align_stack)
def _lower_align_stack(context, builder, sig, args):
    with builder.goto_entry_block():
        room = builder.alloca(ir.VectorType(ir.DoubleType(), 8))
        room.align = 64
    used = ir.InlineAsm(ir.FunctionType(ir.VoidType(), [room.type]), "", "r", side_effect=True)
    builder.call(used, [room])
    return context.get_dummy_value()
