"""Tables for lanes of float64: what a function is at some points, for its computation to start from."""

import numpy as np
from llvmlite import binding, ir
from numba import config
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin, lower_constant
from numba.extending import models, register_model, typeof_impl

from rnnsim.numerics.simd import Lanes, any_bit, teach

DOUBLE, INTEGER = ir.DoubleType(), ir.IntType(64)
REGISTER = 8  # numbers
NEAR = 2 * REGISTER  # rows that an instruction chooses from, in two registers
MOST = 2 * NEAR  # beyond, memory is as fast


class Table:
    """Rows of two numbers, row k for what is nearest to `start` + k · 2^-`fineness`, 2¹⁵ at most. Beyond the last row's point all numbers
    count as that. Rows become a constant of the kernels that use them."""

    def __init__(self, name: str, fineness: int, rows: np.ndarray, start: float = 0.0):
        self.name, self.fineness, self.start = name, fineness, start
        self.last = start + (len(rows) - 1) / 2**fineness
        self.rows = np.zeros((max(NEAR, 1 << (len(rows) - 1).bit_length()), 2))
        self.rows[: len(rows)] = rows

    @property
    def base(self):
        """A number with zeros in its lowest bits, of which the last is worth 2^-`fineness`."""
        return 1.5 * 2.0 ** (52 - self.fineness)

    @property
    def layout(self):
        """How to find a row. Added to a number, `origin` rounds it to the table's grid and leaves the row's number in the sum's lowest
        bits; `mask` keeps these, and no more of what a nan has there."""
        return self.base - self.start, len(self.rows) - 1


class TableType(types.Type):
    def __init__(self, table: Table):
        self.table = table
        super().__init__(name=f"Table({table.name})")


register_model(TableType)(models.OpaqueModel)


@typeof_impl.register(Table)
def _typeof_table(table, context):
    return TableType(table)


@lower_constant(TableType)
def _lower_table(context, builder, typ, table):
    return context.get_dummy_value()


def look_up(table, x):
    """How far x is from the nearest point of the table's grid, and the two numbers of its row (any row's for nan)."""
    origin, mask = table.layout
    x = np.where(x > table.last, table.last, x)
    located = np.asarray(x + origin, np.float64)
    first, second = np.moveaxis(table.rows[located.view(np.int64) & mask], -1, 0)
    return (x - (located - origin))[()], first[()], second[()]


def _type_look_up(table, x):
    element = getattr(x, "dtype", x)
    return types.UniTuple(x, 3) if isinstance(table, TableType) and element == types.float64 else None


teach(look_up, _type_look_up)


def gathers(features: str) -> bool:
    """Whether a processor, by its features as LLVM lists them, fills a register from many addresses faster than it loads and joins their
    numbers. Intel's do since they need no mitigation of that instruction, which is since they multiply tiles; AMD's do not."""
    return "+amx-tile" in features.split(",")


def permutes(features: str) -> bool:
    """Whether a processor has an instruction that picks each of eight numbers from sixteen in registers."""
    return "+avx512f" in features.split(",")


FEATURES = binding.get_host_cpu_features().flatten() if config.CPU_FEATURES is None else config.CPU_FEATURES
GATHERS, PERMUTES = gathers(FEATURES), permutes(FEATURES)


@lower_builtin(look_up, TableType, types.Any)
def _lower_look_up(context, builder, sig, args):
    table, x, lanes = sig.args[0].table, args[1], sig.args[1].width if isinstance(sig.args[1], Lanes) else 1
    vector = ir.VectorType(DOUBLE, lanes)
    if vector != x.type:
        x = builder.bitcast(x, vector)
    if PERMUTES and lanes % REGISTER == 0:
        results = _from_registers(builder, table, x, *_located(builder, table, x))
    else:
        results = _from_memory(builder, table, x)
    return context.make_tuple(builder, sig.return_type, [builder.bitcast(v, args[1].type) for v in results])


def _all(vector, number):
    """A constant of this type with the same number in all lanes."""
    return ir.Constant(vector, [number] * vector.count)


def _pick(builder, a, b, places):
    """The lanes of a, then b, at these places."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), len(places)), list(places)))


def _split(builder, vector):
    """A vector's registers."""
    return [_pick(builder, vector, vector, range(at, at + REGISTER)) for at in range(0, vector.type.count, REGISTER)]


def _joined(builder, parts):
    """A vector of vectors' lanes, in order; their number is a power of two."""
    while len(parts) > 1:
        parts = [_pick(builder, a, b, range(2 * a.type.count)) for a, b in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def _located(builder, table, x):
    """How far x is from the nearest point, and bits of which the lowest are the number of its row."""
    origin = _all(x.type, table.layout[0])
    located = builder.fadd(x, origin)
    bits = builder.bitcast(located, ir.VectorType(INTEGER, x.type.count))
    return builder.fsub(x, builder.fsub(located, origin)), bits


def _from_registers(builder, table, x, distance, bits, rows=NEAR):
    """From registers that hold the first rows if all lanes have one of these, else from those that hold twice as many, else from memory. A
    row beyond sets bits that neither `base` nor the first rows' numbers have."""
    if len(table.rows) == rows:
        return _permuted(builder, table, distance, bits, rows)
    near, far, found = (builder.function.append_basic_block(f"{table.name}.{name}") for name in ("near", "far", "found"))
    builder.cbranch(any_bit(builder, bits, ~(int(np.float64(table.base).view(np.int64)) | (rows - 1))), far, near)
    builder.position_at_end(near)
    from_near = _permuted(builder, table, distance, bits, rows)
    builder.branch(found)
    builder.position_at_end(far)
    from_far = _from_memory(builder, table, x) if rows == MOST else _from_registers(builder, table, x, distance, bits, 2 * rows)
    far = builder.block
    builder.branch(found)
    builder.position_at_end(found)
    return [_merged(builder, near, one, far, other) for one, other in zip(from_near, from_far, strict=True)]


def _merged(builder, block, value, other_block, other):
    """`value` coming from `block`, `other` coming from `other_block`."""
    merged = builder.phi(value.type)
    merged.add_incoming(value, block)
    merged.add_incoming(other, other_block)
    return merged


def _permuted(builder, table, distance, bits, rows):
    """`look_up` among the first rows."""
    columns = table.rows[:rows].T
    parts = _split(builder, bits)
    return distance, *(_joined(builder, [_chosen(builder, column, places) for places in parts]) for column in columns)


def _chosen(builder, numbers, places):
    """The numbers of a column at the places that the lowest bits tell."""
    half = ir.VectorType(DOUBLE, REGISTER)
    if len(numbers) > NEAR:
        low, high = (_chosen(builder, part, places) for part in np.split(numbers, 2))
        bit = builder.and_(places, _all(places.type, len(numbers) // 2))
        return builder.select(builder.icmp_unsigned("==", bit, _all(places.type, 0)), low, high)
    low, high = (ir.Constant(half, [float(number) for number in part]) for part in np.split(numbers, 2))
    signature = ir.FunctionType(half, [half, places.type, half])
    permute = cgutils.get_or_insert_function(builder.module, signature, "llvm.x86.avx512.vpermi2var.pd.512")
    return builder.call(permute, (low, places, high))


def _from_memory(builder, table, x):
    """`look_up` among all rows."""
    last = _all(x.type, table.last)
    distance, bits = _located(builder, table, builder.select(builder.fcmp_ordered(">", x, last), last, x))
    fill = _gathered if GATHERS and x.type.count > 1 else _loaded
    return distance, *fill(builder, table, builder.and_(bits, _all(bits.type, table.layout[1])))


def _address(builder, name, numbers):
    """Where a kernel's module keeps an array of constants, by its name."""
    name = f"rnnsim.{name}"
    if name not in builder.module.globals:
        content = cgutils.create_constant_array(ir.IntType(8), bytearray(numbers.tobytes()))
        cgutils.global_constant(builder.module, name, content).align = 64
    return builder.bitcast(builder.module.get_global(name), ir.IntType(8).as_pointer())


def _places(builder, row, lanes):
    """Where the rows of these lanes, eight at most, begin, counted in numbers. They leave the vector register four at a time."""
    i16, i32, word = ir.IntType(16), ir.IntType(32), min(4, len(lanes))
    places = builder.shl(_pick(builder, row, row, lanes), _all(ir.VectorType(INTEGER, len(lanes)), 1))
    short = builder.trunc(places, ir.VectorType(i16, len(lanes)))
    words = builder.bitcast(short, ir.VectorType(ir.IntType(16 * word), len(lanes) // word))
    for i in range(len(lanes)):
        four = builder.extract_element(words, ir.Constant(i32, i // word))
        four = four if four.type == INTEGER else builder.zext(four, INTEGER)
        yield builder.and_(builder.lshr(four, ir.Constant(INTEGER, 16 * (i % word))), ir.Constant(INTEGER, 0xFFFF))


def _loaded(builder, table, row):
    """The two numbers of each of these rows: a load of a row for every lane. Every other row stands in one register, the rest in another,
    which an instruction each then joins to the first and to the second numbers."""
    start, lanes = _address(builder, table.name, table.rows), row.type.count
    rows = []
    for first in range(0, lanes, REGISTER):
        for place in _places(builder, row, range(first, min(first + REGISTER, lanes))):
            address = builder.gep(start, [place], source_etype=DOUBLE)
            rows.append(builder.load(builder.bitcast(address, ir.VectorType(DOUBLE, 2).as_pointer()), align=16))
    if lanes == 1:
        return [_pick(builder, rows[0], rows[0], [which]) for which in (0, 1)]
    even, odd = _joined(builder, rows[::2]), _joined(builder, rows[1::2])
    return [_pick(builder, even, odd, [lane % 2 * lanes + lane // 2 * 2 + which for lane in range(lanes)]) for which in (0, 1)]


def _gathered(builder, table, row):
    """As `_loaded`, by an instruction of the processor's for each of the two columns that is used."""
    lanes = row.type.count
    vector, mask = ir.VectorType(DOUBLE, lanes), ir.Constant(ir.VectorType(ir.IntType(1), lanes), [1] * lanes)
    numbers = []
    for which, column in enumerate(table.rows.T):
        start = _address(builder, f"{table.name}.{which}", column)
        addresses = builder.gep(start, [row], source_etype=DOUBLE)
        addresses.type = ir.VectorType(start.type, lanes)  # llvmlite knows single addresses alone
        arguments = addresses, ir.Constant(ir.IntType(32), 8), mask, ir.Constant(vector, ir.Undefined)
        name = f"llvm.masked.gather.v{lanes}f64.v{lanes}p0"
        signature = ir.FunctionType(vector, [argument.type for argument in arguments])
        numbers.append(builder.call(cgutils.get_or_insert_function(builder.module, signature, name), arguments))
    return numbers
