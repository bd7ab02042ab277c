"""Kernels become machine code whole and once, and whatever else Numba compiles does not notice."""

import contextlib
import gc
import threading

import numba
import numpy as np
import pytest
from numba.core.codegen import CPUCodeLibrary, JITCodeLibrary
from numba.core.registry import cpu_target

from rnnsim.numerics.jit import internal, kernel
from rnnsim.numerics.machine_code.code_libraries import WholeLibrary, whole_kernels

needs_jit = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
pytestmark = needs_jit


@pytest.fixture
def optimised(monkeypatch):
    """The names of the libraries that are optimised meanwhile."""
    names, optimise = [], CPUCodeLibrary._optimize_final_module
    monkeypatch.setattr(CPUCodeLibrary, "_optimize_final_module", lambda self: names.append(self.name) or optimise(self))
    return names


def new_parts():
    @internal
    def part(a):
        return a + 1.0

    @internal
    def larger_part(a):
        return 2.0 * part(a) + part(a + 1.0)

    return part, larger_part


def test_a_kernel_is_optimised_once_and_its_parts_are_not(optimised):
    part, larger_part = new_parts()

    def whole(a):
        return larger_part(a) + part(a)

    compiled = kernel(whole, cached=False)
    assert compiled(1.0) == 2.0 * 2.0 + 3.0 + 2.0
    assert [name.rpartition(".")[2] for name in optimised] == ["whole"]


def test_a_part_serves_several_kernels():
    part, larger_part = new_parts()
    first = kernel(lambda a: larger_part(a), cached=False)
    second = kernel(lambda a: larger_part(a) * part(a), cached=False)
    assert first(1.0) == 7.0 and second(1.0) == 14.0 and first(np.float32(1.0)) == 7.0


def test_a_kernel_may_call_a_kernel():
    inner = kernel(lambda a: a * 3.0, cached=False)
    before = kernel(lambda a: inner(a) + 1.0, cached=False)
    assert before(2.0) == 7.0 and inner(2.0) == 6.0
    after = kernel(lambda a: inner(a) - 1.0, cached=False)
    assert after(2.0) == 5.0


def test_a_function_of_the_users_in_a_kernel_stays_the_users():
    @numba.njit
    def own(a):
        return np.sqrt(max(a, 0.0))

    compiled = kernel(lambda a: own(a) * 2.0, cached=False)
    assert compiled(4.0) == 4.0 and own(9.0) == 3.0
    of_the_users = numba.njit(lambda a: own(a) + 1.0)
    assert of_the_users(16.0) == 5.0
    with pytest.raises(ValueError, match="of the user"):
        numba.njit(raising)(own(1.0))


def raising(a):
    raise ValueError("of the user's own")


def test_functions_of_numbas_own_that_a_kernel_compiled_first_serve_others():
    compiled = kernel(lambda a: np.isclose(a, 1.0), cached=False)
    assert compiled(1.0)
    assert numba.njit(lambda a: np.isclose(a, 1.0) and not np.isclose(a, 2.0))(1.0)


def test_numba_is_left_as_it_was():
    codegen = cpu_target.target_context.codegen()
    with contextlib.suppress(ZeroDivisionError), whole_kernels():
        assert codegen._library_class is WholeLibrary and not gc.isenabled()
        with whole_kernels():
            pass
        assert codegen._library_class is WholeLibrary
        raise ZeroDivisionError
    assert codegen._library_class is JITCodeLibrary and gc.isenabled()
    assert not {"_library_class", "set_env"} & set(vars(codegen))


def test_collecting_stays_off_where_it_was():
    gc.disable()
    try:
        with whole_kernels():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_threads_compile_one_after_the_other():
    _, larger_part = new_parts()
    ours = [kernel(lambda a, i=i: larger_part(a) + i, cached=False) for i in range(4)]
    theirs = [numba.njit(lambda a, i=i: np.floor(a) + i) for i in range(4)]
    found = {}
    threads = [threading.Thread(target=lambda i=i, f=f: found.update({i: f(1.0)})) for i, f in enumerate((*ours, *theirs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[i] for i in range(8)] == [7.0, 8.0, 9.0, 10.0, 1.0, 2.0, 3.0, 4.0]
