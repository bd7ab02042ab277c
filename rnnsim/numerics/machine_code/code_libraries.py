"""How machine code is made of a kernel: LLVM gets it as one module with all its parts, and optimises and translates each part once.

Numba by itself optimises and translates every function alone, and again inside each function that calls it. Parts of kernels are called by
nothing but kernels, so that all but the last time would be in vain.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import llvmlite.binding as llvm
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target


class WholeLibrary(JITCodeLibrary):
    """The code of a function, which is neither optimised nor translated before Python or a kernel asks for its address."""

    def __init__(self, codegen: Any, name: str) -> None:
        super().__init__(codegen, name)
        self._translated = False
        self._shared_module: Any = None

    def add_llvm_module(self, ll_module: Any) -> None:
        """Add code as it is."""
        self._final_module.link_in(ll_module)

    def finalize(self) -> None:
        """Take no more code."""
        self._raise_if_finalized()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """The address of a function of this library, or 0 if it has none of this name."""
        if not self._translated and self._defines(name):
            self._translate()
        address: int = super().get_pointer_to_function(name)
        return address

    def _defines(self, name: str) -> bool:
        try:
            return not self._final_module.get_function(name).is_declaration
        except NameError:
            return False

    def _translate(self) -> None:
        """Make machine code of the function and its parts."""
        self._add_parts(self._final_module)
        self._optimize_final_module()
        self._final_module.verify()
        self._finalize_final_module()

    def _finalize_final_module(self) -> None:
        self._translated = True
        super()._finalize_final_module()

    def _add_parts(self, module: Any) -> None:
        for library in self._parts({}):
            self._reload_init.update(library._reload_init)
            module.link_in(as_part(library))
        missing = [function.name for function in module.functions if function.is_declaration and function.name.startswith("_ZN")]
        if missing:
            raise RuntimeError(f"{self.name} lacks {missing}")

    def _parts(self, found: dict[Any, None]) -> dict[Any, None]:
        """All libraries that this one calls, and those that they call, in the order of their first use."""
        for library in self._linking_libraries:
            if library not in found:
                found[library] = None
                if is_alone(library):
                    library._parts(found)
        return found

    def _get_module_for_linking(self) -> Any:
        """The function and its parts, for libraries of Numba's own."""
        if self._translated:
            return super()._get_module_for_linking()
        if self._shared_module is None:
            self._shared_module = as_part(self)
            self._add_parts(self._shared_module)
        return self._shared_module


def is_alone(library: Any) -> bool:
    """Whether a library's module has its function without the parts of it."""
    return isinstance(library, WholeLibrary) and not library._translated


def as_part(library: Any) -> Any:
    """A copy of a library's module, whose functions may be defined in several modules; without its parts, if it has none of them yet."""
    if not is_alone(library):
        return library._get_module_for_linking().clone()
    module = library._final_module.clone()
    for function in module.functions:
        if not function.is_declaration and function.linkage == llvm.Linkage.external:
            function.linkage = "linkonce_odr"
    return module


@contextmanager
def whole_kernels() -> Iterator[None]:
    """Make machine code of whole kernels in what is compiled meanwhile."""
    with global_compiler_lock:
        codegen = cpu_target.target_context.codegen()
        if codegen._library_class is WholeLibrary:
            yield
            return
        with changed(codegen, _library_class=WholeLibrary, set_env=partial(set_known_env, codegen)), no_collecting():
            yield


@contextmanager
def changed(thing: Any, **attributes: Any) -> Iterator[None]:
    """Give an object attributes of its own."""
    vars(thing).update(attributes)
    try:
        yield
    finally:
        for name in attributes:
            delattr(thing, name)


@contextmanager
def no_collecting() -> Iterator[None]:
    """Do not look for objects in cycles, which takes a sixth of the time of compiling."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def set_known_env(codegen: Any, name: str, env: Any) -> None:
    """Tell machine code where the Python objects are that it needs, if there is any."""
    if codegen._engine.is_symbol_defined(name):
        type(codegen).set_env(codegen, name, env)
