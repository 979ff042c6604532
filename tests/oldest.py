"""Run by the oldest Python that is promised, which need have neither torch nor Gradio: `make oldest`.

Every source compiles there, and takes from the standard library only what is there already. (The tests of the rooms
that need no more than arrays run there, too.) Exits with 1 after a line for everything that does not hold.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = sorted({path.parent for path in ROOT.glob("*/__init__.py")})


def missing(source: str) -> list[str]:
    """What `source` takes from the standard library and this Python does not have, as "line: name"; or its syntax."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return [f"{error.lineno}: {error.msg}"]
    return [f"{line}: {'.'.join(names)}" for line, names in taken(tree) if not there(*names)]


def taken(tree: ast.Module) -> Iterator[tuple[int, tuple[str, str]]]:
    """Line, module and name of what is imported from a module of the standard library, or read as its attribute."""
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if is_standard(alias.name):
                    modules[alias.asname or alias.name] = alias.name
                    yield node.lineno, (alias.name, "__name__")
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and is_standard(node.module or ""):
            yield from ((node.lineno, (node.module or "", alias.name)) for alias in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield node.lineno, (modules[node.value.id], node.attr)


def is_standard(module: str) -> bool:
    """Whether a module is of the standard library, of this Python or of a later one that some import asks for."""
    return module.partition(".")[0] in sys.stdlib_module_names | {"tomllib"}


def there(module: str, name: str) -> bool:
    """Whether this Python's module has the name, which may be that of a module inside it."""
    try:
        return hasattr(import_module(module), name) or bool(import_module(f"{module}.{name}"))
    except ImportError:
        return False


def main() -> int:
    """Look through every source of the project."""
    paths = [path for room in ROOMS for path in sorted(room.rglob("*.py"))] + sorted(ROOT.glob("*.py"))
    found = [f"{path.relative_to(ROOT)}:{each}" for path in paths for each in missing(path.read_text(encoding="utf-8"))]
    print(*found, sep="\n", end="\n" if found else "")
    print(f"Python {sys.version.split()[0]}: {len(found)} things missing for {len(paths)} files")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
