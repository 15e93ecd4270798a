"""Sabotages: the change that breaks a promise, on the test that must notice (`make sabotage`).

The decorator leaves its test unchanged. Its arguments are read from the text of the test, without an import, and are
therefore literals. Guards, rules and refusals are named, so that moving or rewriting them needs no change here.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, overload

Test = TypeVar("Test", bound=Callable[..., object])
Function = ast.FunctionDef | ast.AsyncFunctionDef
Places = Mapping[str, tuple[str, str]]  # file and function of each guard, by its name


class NotBreakable(Exception):
    """The text to break does not occur in its file exactly once."""


class Change(Protocol):
    """A change of one file, relative to the root of a tree."""

    def file(self, tree: Path, guards: Places) -> str: ...

    def broken(self, text: str, guards: Places) -> str:
        """The text of that file with the change."""


@dataclass(frozen=True)
class Text:
    """A text that occurs once in its file, and its replacement."""

    path: str
    old: str
    new: str

    def file(self, _tree: Path, _guards: Places) -> str:
        return self.path

    def broken(self, text: str, _guards: Places) -> str:
        if text.count(self.old) != 1:
            raise NotBreakable(f"the text to break stands {text.count(self.old)} times in {self.path}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Returns:
    """A function, or a method as `Class.name`, that only returns this value."""

    path: str
    function: str
    value: object

    def file(self, _tree: Path, _guards: Places) -> str:
        return self.path

    def broken(self, text: str, _guards: Places) -> str:
        return _with_body(text, self.function, self.value)


@dataclass(frozen=True)
class Guard:
    """A guard, by the name that workflows use, that always holds, or never."""

    name: str
    holds: bool = True

    def file(self, _tree: Path, guards: Places) -> str:
        if self.name not in guards:
            raise NotBreakable(f"no guard is called {self.name}")
        return guards[self.name][0]

    def broken(self, text: str, guards: Places) -> str:
        return _with_body(text, guards[self.name][1], self.holds)


@dataclass(frozen=True)
class Rule:
    """A rule of a form, by the code of its fault, that finds no fault."""

    code: str

    def file(self, tree: Path, _guards: Places) -> str:
        pattern = re.compile(rf'\byield Fault\(\s*"{re.escape(self.code)}"')
        files = [
            file
            for file in sorted((tree / "service").rglob("*.py"))
            if pattern.search(file.read_text(encoding="utf-8"))
        ]
        if len(files) != 1:
            raise NotBreakable(f"the rule {self.code} stands in {len(files)} files")
        return str(files[0].relative_to(tree))

    def broken(self, text: str, _guards: Places) -> str:
        return _instead_of(text, f"the rule {self.code}", self._yields_fault, "yield from ()")

    def _yields_fault(self, node: ast.AST) -> bool:
        match node:
            case ast.Expr(ast.Yield(ast.Call(ast.Name("Fault"), [ast.Constant(code), *_]))):
                return bool(code == self.code)
            case _:
                return False


@dataclass(frozen=True)
class Refusal:
    """The only place in a file that raises this error, which then continues instead."""

    path: str
    error: str

    def file(self, _tree: Path, _guards: Places) -> str:
        return self.path

    def broken(self, text: str, _guards: Places) -> str:
        return _instead_of(text, f"the refusal {self.error}", self._is_raised, "pass")

    def _is_raised(self, node: ast.AST) -> bool:
        match node:
            case ast.Raise(ast.Name(name)) | ast.Raise(ast.Call(ast.Name(name))):
                return name == self.error
            case _:
                return False


@dataclass(frozen=True)
class Sabotage:
    """A promise, the change that breaks it, and the test that must fail. `case`: the cases of the test that run."""

    promise: str
    change: Change
    test_file: str
    test: str
    case: str = ""

    def breaks(self, tree: Path, guards: Places) -> tuple[str, str]:
        """Returns (file, its changed text). Raises NotBreakable."""
        file = self.change.file(tree, guards)
        return file, self.change.broken((tree / file).read_text(encoding="utf-8"), guards)


@overload
def broken_by(promise: str, change: Change, /, *, case: str = "") -> Callable[[Test], Test]: ...


@overload
def broken_by(promise: str, file: str, old: str, new: str, /, *, case: str = "") -> Callable[[Test], Test]: ...


def broken_by(_promise: str, /, *_change: str | Change, case: str = "") -> Callable[[Test], Test]:  # noqa: ARG001 - read from the text
    """The test fails under this change: otherwise the promise is not proved.

    `case` is the id of one case of the test, or the words that the ids of several have in common. Without it the cases
    on SQLite run, or all where no id names a database.
    """
    return _unchanged


def _unchanged(test: Test) -> Test:
    return test


def sabotages(tree: Path) -> list[Sabotage]:
    """All sabotages, in the order of their files."""
    files = sorted((tree / "api_tests").rglob("test_*.py"))
    return [sabotage for file in files for sabotage in _sabotages_in(file, str(file.relative_to(tree)))]


def _sabotages_in(file: Path, name: str) -> Iterator[Sabotage]:
    text = file.read_text(encoding="utf-8")
    if "@broken_by(" not in text:
        return
    count = 0
    for test in ast.parse(text).body:
        if isinstance(test, ast.FunctionDef):
            for call in test.decorator_list:
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "broken_by":
                    promise, *change = call.args
                    yield Sabotage(_literal(promise), _read(change), name, test.name, **_keywords(call))
                    count += 1
    if count != len(re.findall(r"^\s*@broken_by\(", text, re.MULTILINE)):
        raise NotBreakable(f"{name} has a sabotage that stands on no plain test of the module")


def _read(change: list[ast.expr]) -> Change:
    form = change[0]
    if isinstance(form, ast.Call) and isinstance(form.func, ast.Name):
        return _FORMS[form.func.id](*map(_literal, form.args), **_keywords(form))
    return Text(*map(_literal, change))


def _keywords(call: ast.Call) -> dict[str, Any]:
    return {keyword.arg or "": _literal(keyword.value) for keyword in call.keywords}


_FORMS: dict[str, Callable[..., Change]] = {form.__name__: form for form in (Text, Returns, Guard, Rule, Refusal)}


def _literal(node: ast.expr) -> Any:
    return ast.literal_eval(node)


def _with_body(text: str, name: str, value: object) -> str:
    """The text with `return value` as the whole body of a function; a generator yields from the value."""
    functions = [function for path, function in _functions(ast.parse(text)) if path == name]
    if len(functions) != 1:
        raise NotBreakable(f"the function {name} stands {len(functions)} times in the file")
    body = functions[0].body[ast.get_docstring(functions[0]) is not None :]
    yields = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(functions[0]))
    return _with_lines(text, body[0], body[-1], f"yield from {value!r}" if yields else f"return {value!r}")


def _functions(node: ast.AST, around: str = "") -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield around + child.name, child
        if isinstance(child, Function | ast.ClassDef):
            yield from _functions(child, f"{around}{child.name}.")


def _instead_of(text: str, name: str, matches_node: Callable[[ast.AST], bool], new: str) -> str:
    """The text with one statement replaced."""
    matches = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt) and matches_node(node)]
    if len(matches) != 1:
        raise NotBreakable(f"{name} stands {len(matches)} times in the file")
    return _with_lines(text, matches[0], matches[0], new)


def _with_lines(text: str, first: ast.stmt, last: ast.stmt, new: str) -> str:
    lines = text.splitlines(keepends=True)
    begins = min([first.lineno, *(decorator.lineno for decorator in getattr(first, "decorator_list", ()))])
    lines[begins - 1 : last.end_lineno] = [f"{' ' * first.col_offset}{new}\n"]
    return "".join(lines)
