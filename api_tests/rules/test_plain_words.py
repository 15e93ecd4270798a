"""Names and docstrings are plain: what a test can hold of it."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from api_tests.support.checkout import ROOT

FOLDERS = ("service", "migrations", "examples", "benchmarks", "docs", "api_tests")
FILES = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py") if "__pycache__" not in file.parts)
# "What is due" has no subject: the reader must guess what the sentence is about.
FREE_RELATIVES = (
    "what", "who", "whoever", "whom", "whose", "whether", "which", "of", "from here", "where", "wherever", "whatever",
    "how", "those", "all that", "everything that", "everybody who", "somebody", "that which",
)  # fmt: skip
RIDDLES = {"it", "found", "told", "said", "made", "wanted", "seen", "kept", "beside", "withheld", "looking_back"}

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def json_members(tree: ast.AST) -> Iterator[int]:
    """The ids of the nodes that name the members of a model, which are words of JSON."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.bases:
            yield from (id(field.target) for field in node.body if isinstance(field, ast.AnnAssign))


def bound_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name that the file gives to something, with its line."""
    members = set(json_members(tree))
    for node in ast.walk(tree):
        if id(node) in members:
            continue
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case _:
                pass


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_docstring_opens_with_a_free_relative(folder: str) -> None:
    riddles = [
        f"{name_of(file)}: {docstring.splitlines()[0]}"
        for file in FILES
        if file.is_relative_to(ROOT / folder)
        for node in ast.walk(tree_of(file))
        if isinstance(node, Documented)
        if (docstring := ast.get_docstring(node))
        if docstring.lower().startswith(tuple(f"{word} " for word in FREE_RELATIVES))
    ]

    assert riddles == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_thing_is_called_by_a_word_that_has_to_be_guessed(folder: str) -> None:
    guessed = [
        f"{name_of(file)}:{line}: {name}"
        for file in FILES
        if file.is_relative_to(ROOT / folder)
        for name, line in bound_names(tree_of(file))
        if name.lstrip("_") in RIDDLES or name.lstrip("_").startswith("insist")
    ]

    assert guessed == []


def test_a_class_name_of_the_service_stands_in_one_module() -> None:
    names = Counter(
        node.name
        for file in FILES
        if file.is_relative_to(ROOT / "service")
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.ClassDef)
    )

    assert [name for name, count in names.items() if count > 1] == []


def is_shaped(annotation: ast.expr | None) -> bool:
    """Returns whether a result is a dictionary, or a tuple whose places mean different things."""
    match annotation:
        case ast.Subscript(value=ast.Name(id="dict" | "Mapping")):
            return True
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[_, ast.Constant(value=last)])):
            return last is not ...
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple()):
            return True
        case _:
            return False


def documented_in(file: Path) -> set[str]:
    """The methods of the file whose docstring states the result, for all classes that override them."""
    return {
        method.name
        for scope in tree_of(file).body
        if isinstance(scope, ast.ClassDef)
        for method in scope.body
        if isinstance(method, ast.FunctionDef) and "Returns" in (ast.get_docstring(method) or "")
    }


def test_a_public_function_that_returns_a_dictionary_or_a_tuple_says_its_shape() -> None:
    silent = [
        f"{name_of(file)}:{node.lineno}: {node.name}"
        for file in FILES
        if file.is_relative_to(ROOT / "service")
        for scope in ast.walk(tree_of(file))
        if isinstance(scope, ast.Module | ast.ClassDef) and not getattr(scope, "name", "").startswith("_")
        for node in scope.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if not node.name.startswith("_") and is_shaped(node.returns) and "override" not in ast.dump(node)
        if "Returns" not in (ast.get_docstring(node) or "")
        if not (isinstance(scope, ast.ClassDef) and scope.bases and node.name in documented_in(file))
    ]

    assert silent == []
