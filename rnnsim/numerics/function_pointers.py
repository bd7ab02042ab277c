"""Kernels and arrays by their addresses, so that the kernels that move numbers need not be compiled anew for each network.

Where the JIT is off, a kernel stands for its own address, and an array is made from one by ctypes.
"""

import functools
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_builtin
from numba.extending import intrinsic, overload

from rnnsim.numerics.checked import size_of
from rnnsim.numerics.simd import teach


def addresses(kernels: list[Any], signature: tuple[types.Type, ...]) -> Any:
    """The kernels' addresses once they are compiled for arguments of these types, in an array."""
    if numba.config.DISABLE_JIT:
        return kernels
    return np.array([_address(kernel, signature) for kernel in kernels], np.int64)


@functools.cache
def _address(kernel: Any, signature: tuple[types.Type, ...]) -> int:
    kernel.compile(signature)
    compiled = kernel.overloads[signature]
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cfunc_wrapper_name)


def call(kernels, i, arguments):
    """Call a kernel, which returns nothing, with a tuple of arguments of just the types that it was compiled for."""
    kernels[i](*arguments)


@overload(call)
def _call(kernels, i, arguments):
    return lambda kernels, i, arguments: _call_address(kernels[i], arguments)


@intrinsic
def _call_address(typing_context, address, arguments):
    def build(context, builder, signature, values):
        nothing = context.get_value_type(types.none)
        function = ir.FunctionType(nothing, [context.get_value_type(t) for t in signature.args[1]])
        pointer = builder.inttoptr(values[0], function.as_pointer())
        builder.call(pointer, cgutils.unpack_tuple(builder, values[1]))
        return context.get_dummy_value()

    return types.none(address, arguments), build


def numbers_at(like, address):
    """The numbers that stand from an address on, as a 1-D array of the type of `like` that knows no end."""
    number = np.ctypeslib.as_ctypes_type(like.dtype)
    return np.ctypeslib.as_array((number * (1 << 40)).from_address(int(address)))


teach(numbers_at, lambda like, address: like if isinstance(like, types.Array) and isinstance(address, types.Integer) else None)


@lower_builtin(numbers_at, types.Array, types.Integer)
def _numbers_at(context, builder, signature, values):
    like = signature.return_type
    array, number = context.make_array(like)(context, builder), context.get_data_type(like.dtype)
    step = context.get_constant(types.intp, context.get_abi_sizeof(number))
    size = size_of(context, builder, values[1], signature.args[1], step)
    data = builder.inttoptr(values[1], number.as_pointer())
    context.populate_array(array, data=data, shape=[size], strides=[step], itemsize=step, meminfo=None)
    return array._getvalue()
