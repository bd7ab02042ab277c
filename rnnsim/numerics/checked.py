"""A debug build of the kernels, RNNSIM_CHECKED=1: every place that they take in an array is checked against its bounds.

What is outside ends the process with a message: a kernel that another calls by its address can raise nothing. A negative place is outside,
too, since kernels count from the front, and so is a slice that NumPy would cut short. An array that a kernel finds by its address alone has
the bounds of the array that the address was taken of. Where the variable is not set, nothing of this is compiled.
"""

import ctypes
import faulthandler
import os
import re
import sys
from typing import Any

import numba
import numpy as np
from llvmlite import binding, ir
from numba.core import cgutils, types

WORD = ir.IntType(64)
TEXT = ir.IntType(8).as_pointer()
END = np.iinfo(np.int64).max  # of a slice that has none


def chosen() -> bool:
    """Whether the environment asks for this build."""
    said = os.environ.get("RNNSIM_CHECKED", "")
    if said not in ("", "0", "1"):
        raise ValueError(f"RNNSIM_CHECKED is {said!r}; it needs 0 or 1")
    return said == "1" and not numba.config.DISABLE_JIT


CHECKED = chosen()

_sizes: dict[int, int] = {}


def address_of(array: np.ndarray) -> int:
    """The address of a contiguous array, with whose bounds kernels may use it."""
    address = int(array.ctypes.data)
    if CHECKED:
        _sizes.pop(address, None)
        _sizes[address] = array.nbytes
    return address


def bytes_from(address: int) -> int:
    """How many bytes there are from an address on: to the end of the array that it was last taken of, or that it is in."""
    if address in _sizes:
        return _sizes[address]
    known = reversed(list(_sizes.items()))
    return next((first + size - address for first, size in known if first < address < first + size), 0)


def stop(position: int, count: int, size: int, kernel: bytes) -> None:
    """End the process, and say where and why."""
    what = f"{count} numbers from place {position} on" if count > 1 else f"place {position}"
    print(f"rnnsim: {kernel.decode()} took {what} of an array of {size}; it needs a place inside", file=sys.stderr, flush=True)
    faulthandler.dump_traceback(all_threads=False)
    os.abort()


def check(context: Any, builder: Any, position: Any, count: Any, size: Any) -> None:
    """Let a kernel stop unless `count` numbers from a position on are among `size`."""
    count = ir.Constant(WORD, count) if isinstance(count, int) else count
    before = builder.icmp_signed("<", position, ir.Constant(WORD, 0))
    behind = builder.icmp_signed(">", position, builder.sub(size, count))
    with builder.if_then(builder.or_(before, behind), likely=False):
        function = ir.FunctionType(ir.VoidType(), [WORD, WORD, WORD, TEXT])
        kernel = context.insert_const_string(builder.module, name_of(builder.function.name))
        builder.call(cgutils.get_or_insert_function(builder.module, function, "rnnsim_stop"), [position, count, size, kernel])
        builder.unreachable()


def check_lanes(context: Any, builder: Any, array_type: Any, array: Any, place: Any, place_type: Any, count: int) -> None:
    """Let a kernel stop unless `count` numbers from a place on are in an array."""
    if CHECKED:
        position = context.cast(builder, place, place_type, types.intp)
        check(context, builder, position, count, context.make_array(array_type)(context, builder, array).nitems)


def name_of(mangled: str) -> str:
    """The function of Python's that a mangled name begins with."""
    parts, rest = [], mangled.removeprefix("_ZN")
    while found := re.match(r"\d+", rest):
        begin = found.end()
        parts.append(rest[begin : begin + int(found[0])])
        rest = rest[begin + int(found[0]) :]
    return ".".join(parts).replace("_3c", "<").replace("_3e", ">") or mangled


def check_lane(context: Any, builder: Any, place: Any, place_type: Any, lanes: Any) -> None:
    """Let a kernel stop unless there is a lane of this number."""
    if CHECKED:
        check(context, builder, context.cast(builder, place, place_type, types.intp), 1, ir.Constant(WORD, lanes.width))


def size_of(context: Any, builder: Any, address: Any, address_type: Any, itemsize: Any) -> Any:
    """How many numbers a kernel may take from an address on."""
    if not CHECKED:
        return context.get_constant(types.intp, 1 << 40)
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(WORD, [WORD]), "rnnsim_bytes_from")
    size = builder.call(function, [context.cast(builder, address, address_type, types.intp)])
    return builder.sdiv(size, itemsize)


def check_index(context: Any, builder: Any, array_type: Any, array: Any, index_types: Any, indices: Any) -> None:
    """Let a kernel stop unless whole numbers and slices are inside an array."""
    shape, axis = cgutils.unpack_tuple(builder, array.shape, array_type.ndim), 0
    for index_type, index in zip(index_types, indices, strict=True):
        if index_type is types.ellipsis:
            axis = array_type.ndim - (len(indices) - 1 - axis)
            continue
        if isinstance(index_type, types.Integer):
            check(context, builder, context.cast(builder, index, index_type, types.intp), 1, shape[axis])
        elif isinstance(index_type, types.misc.SliceType):
            part = context.make_helper(builder, index_type, value=index)
            endless = builder.icmp_signed("==", part.stop, ir.Constant(WORD, END))
            for end in (part.start, builder.select(endless, shape[axis], part.stop)):
                check(context, builder, end, 0, shape[axis])
        axis += 1


def check_kernels() -> None:
    """Teach Numba to check the package's kernels, and kernels whom to ask."""
    from numba.np import arrayobj  # which takes 20 ms, and only this build needs it

    unchecked = arrayobj.basic_indexing

    def basic_indexing(context, builder, array_type, array, index_types, indices, boundscheck=None):
        if name_of(builder.function.name).startswith("rnnsim."):
            check_index(context, builder, array_type, array, index_types, indices)
        return unchecked(context, builder, array_type, array, index_types, indices, boundscheck=boundscheck)

    arrayobj.basic_indexing = basic_indexing
    for name, function in CALLED.items():
        binding.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)


_whole = ctypes.c_int64
CALLED = {
    "rnnsim_stop": ctypes.CFUNCTYPE(None, _whole, _whole, _whole, ctypes.c_char_p)(stop),
    "rnnsim_bytes_from": ctypes.CFUNCTYPE(_whole, _whole)(bytes_from),
}

if CHECKED:
    check_kernels()
