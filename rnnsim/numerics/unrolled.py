"""Functions that go over the members of tuples, written once as plain loops: kernels have the body of a loop once for every member."""

import ast
import copy
import inspect

from numba import types
from numba.extending import overload


def unrolled(**jit_options):
    """Let kernels call a function whose loops, `for` and `tuple(… for …)`, go over tuples: arguments, their fields and slices, and numbers
    up to a `len`, also by `enumerate`, `zip` and `reversed`."""

    def register(function):
        signature, source = inspect.signature(function), inspect.getsource(function)  # read now, as the stamp of kernels is

        def unrolled_for(*arguments, **named):
            return without_loops(function, source, signature.bind(*arguments, **named).arguments)

        overload(function, jit_options=jit_options, strict=False)(unrolled_for)
        return function

    return register


def without_loops(function, source, kinds):
    """The function for arguments of these Numba types, a dict by name."""
    module = ast.parse(source)
    ast.increment_lineno(module, function.__code__.co_firstlineno - 1)
    module.body[0].decorator_list = []
    ast.fix_missing_locations(_Unrolling(kinds).visit(module))
    made = {}
    exec(compile(module, function.__code__.co_filename, "exec"), function.__globals__, made)
    return made[function.__name__]


class _Unrolling(ast.NodeTransformer):
    """Puts a copy for every member in the place of a loop, and its number in that of a tuple's `len`."""

    def __init__(self, kinds):
        self.kinds = kinds

    def visit_For(self, loop):
        copies = [_Replacing(names).visit(copy.deepcopy(line)) for names in self.turns(loop) for line in loop.body]
        return [self.visit(line) for line in copies]

    def visit_Call(self, call):
        match call:
            case ast.Call(ast.Name("tuple"), [ast.GeneratorExp(value, [loop])]):
                copies = [_Replacing(names).visit(copy.deepcopy(value)) for names in self.turns(loop)]
                return ast.Tuple([self.visit(member) for member in copies], ast.Load())
            case ast.Call(ast.Name("len"), [sized]) if isinstance(self.kind_of(sized), types.BaseTuple):
                return ast.Constant(len(self.kind_of(sized)))
        return self.generic_visit(call)

    def turns(self, loop):
        """What the names of a loop stand for, turn by turn."""
        return [named(loop.target, member) for member in self.members(loop.iter)]

    def members(self, node):
        """What a loop goes over: expressions, or tuples of them."""
        match node:
            case ast.Call(ast.Name("range"), [stop]):
                return [ast.Constant(i) for i in range(self.number(stop))]
            case ast.Call(ast.Name("enumerate"), [inner]):
                return [(ast.Constant(i), member) for i, member in enumerate(self.members(inner))]
            case ast.Call(ast.Name("reversed"), [inner]):
                return self.members(inner)[::-1]
            case ast.Call(ast.Name("zip"), inner, [ast.keyword("strict", ast.Constant(strict))]):
                return list(zip(*map(self.members, inner), strict=strict))
            case ast.Subscript(inner, ast.Slice(first, last, None)):
                return self.members(inner)[slice(*(end and self.number(end) for end in (first, last)))]
        return [ast.Subscript(node, ast.Constant(i), ast.Load()) for i in range(len(self.kind_of(node)))]

    def number(self, node):
        return ast.literal_eval(self.visit(node))

    def kind_of(self, node):
        """The type of an argument or of one of its fields."""
        match node:
            case ast.Name(name):
                return self.kinds.get(name)
            case ast.Attribute(inner, field):
                kind = self.kind_of(inner)
                return kind.types[kind.fields.index(field)] if isinstance(kind, types.BaseNamedTuple) else None
        return None


class _Replacing(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, names):
        self.names = names

    def visit_Name(self, name):
        return copy.deepcopy(self.names.get(name.id, name))


def named(target, member):
    """What each name of a loop's target stands for."""
    if isinstance(target, ast.Name):
        return {target.id: member}
    return {name: part for each in zip(target.elts, member, strict=True) for name, part in named(*each).items()}
