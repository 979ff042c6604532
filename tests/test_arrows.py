"""The arrows of docs/architecture.md, held: which room may import what, and which calls no room may make.

The checks read the sources without importing them, so they need no room to work, or even to be there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Room → the rooms that it may import. bench and tests look into everything, and nothing looks into them.
ARROWS: dict[str, set[str]] = {
    "app": {"ui", "studio", "host", "pictures"},
    "host": set(),
    "ui": {"studio", "classroom", "pictures"},
    "classroom": {"studio", "generator", "postprocess", "pictures"},
    "studio": {"generator", "postprocess", "pictures"},
    "generator": {"pictures"},
    "postprocess": {"pictures"},
    "training": {"generator", "pictures"},
    "pictures": set(),
}
FREE = {"bench", "tests"}

ARITHMETIC = {"torch", "torchvision", "numpy", "scipy", "skimage"}
PAGE = {"gradio", "gradio_client"}
HUB = ("studio/hub.py", "huggingface_hub")  # the one file that calls outside, and only when it is asked to
NETWORK = {"aiohttp", "ftplib", "http.client", "httpx", "huggingface_hub", "requests", "torch.hub", "urllib.request"}

# Room → the packages that it must not know, besides NETWORK, which no room may import.
UNKNOWN: dict[str, set[str]] = {
    "app": ARITHMETIC,
    "ui": ARITHMETIC | {"safetensors"},
    "host": ARITHMETIC | PAGE,
    "classroom": PAGE,
    "studio": PAGE,
    "generator": PAGE | {"scipy", "skimage"},
    "postprocess": PAGE | {"torch", "torchvision", "safetensors"},
    "training": PAGE | {"scipy", "skimage"},
    "pictures": PAGE | {"torch", "torchvision", "safetensors", "scipy", "skimage"},
}


def sources(room: str) -> list[Path]:
    """The room's Python files: a folder's, or the one file of that name."""
    return sorted((ROOT / room).rglob("*.py")) or [p for p in [ROOT / f"{room}.py"] if p.exists()]


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported, wherever in the file; relative imports stay in their room."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def called(call: ast.Call, names: dict[str, str]) -> str:
    """Dotted name of what is called, with local names replaced by what they were imported as; "" if it has none."""
    parts, node = [], call.func
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([names.get(node.id, node.id), *reversed(parts)])


def local_names(tree: ast.AST) -> dict[str, str]:
    """Local name → dotted name of every import that renames or picks something."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update({alias.asname: alias.name for alias in node.names if alias.asname})
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return names


def within(name: str, packages: set[str]) -> bool:
    """Whether the dotted name is one of the packages or lies inside one."""
    return any(name == package or name.startswith(package + ".") for package in packages)


def wrong_imports(room: str, source: str) -> list[str]:
    """Imports in `source` that a file of `room` must not have, as "line: name"."""
    closed = ({*ARROWS, *FREE} - ARROWS[room] - {room}) | UNKNOWN[room] | NETWORK
    return [f"{line}: {name}" for line, name in imports(ast.parse(source)) if within(name, closed)]


def unsafe_calls(source: str) -> list[str]:
    """Calls that would run code out of a file (pickle), or open the page to the world unasked, as "line: name"."""
    tree = ast.parse(source)
    names = local_names(tree)
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = called(node, names)
        constants = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
        if (
            within(name, {"pickle.load", "pickle.loads", "pickle.Unpickler", "joblib.load", "dill", "torch.hub"})
            or (name == "torch.load" and constants.get("weights_only") is not True)
            or (name == "numpy.load" and constants.get("allow_pickle", False) is not False)
            or constants.get("share") is True
        ):
            found.append(f"{node.lineno}: {name}")
    return found


# ---- doors and circles ---------------------------------------------------------------------------------------------

# Imports that still go past a door: the name of a file, as it is imported elsewhere. To be emptied, not added to.
PAST_A_DOOR = {("studio/tools/sheet.py", "postprocess.colour.to_lab")}


# Where each file is a tool or a subject of its own, a new file is to be enough: each is a door.
DOORS_APIECE = ("studio.tools", "classroom")


def module_of(path: Path) -> str:
    """A file's dotted name: a package's for its __init__.py."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def own_imports(path: Path, modules: dict[str, Path]) -> Iterator[tuple[ast.stmt, str, str]]:
    """Statement, module and name of each import of our own modules; of a module itself, the name is "".

    What only annotations need (`if TYPE_CHECKING`) is left out: it is never imported.
    """
    name = module_of(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unreal = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in unreal:
            continue
        if isinstance(node, ast.Import):
            yield from ((node, alias.name, "") for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                if inner in modules:
                    yield node, inner, ""
                elif source in modules:
                    yield node, source, alias.name


def needed(name: str, importer: str) -> Iterator[str]:
    """A module and the packages above it, which are imported first, but for those that the importer lies in itself."""
    parts = name.split(".")
    yield from (
        above
        for count in range(1, len(parts) + 1)
        if not f"{importer}.".startswith((above := ".".join(parts[:count])) + ".")
    )


def circle(graph: dict[str, set[str]]) -> list[str]:
    """One circle of the graph, its first member again at the end; empty if there is none."""
    done: set[str] = set()

    def search(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for target in sorted(graph.get(name, ())):
            if found := search(target, [*way, name]):
                return found
        done.add(name)
        return []

    for name in sorted(graph):
        if found := search(name, []):
            return found
    return []


def own_modules() -> dict[str, Path]:
    """Every module of every room, by its dotted name."""
    return {module_of(path): path for room in ARROWS for path in sources(room)}


def test_no_module_needs_itself():
    modules = own_modules()
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for name, path in modules.items():
        for _, target, taken in own_imports(path, modules):
            graph[name] |= {*needed(target, name), *([target] if taken else [])}
    assert circle(graph) == []


def test_no_function_imports_a_module_of_ours():
    """That hides a circle. Only app.py may, which nobody imports: --help need not wait for torch."""
    found, modules = [], own_modules()
    for name, path in modules.items():
        top = {child for node in ast.parse(path.read_text(encoding="utf-8")).body for child in statements(node)}
        found += [
            f"{name}, line {node.lineno}: {target}"
            for node, target, _ in own_imports(path, modules)
            if name != "app" and (node.lineno, node.col_offset) not in top
        ]
    assert found == []


def statements(node: ast.stmt) -> Iterator[tuple[int, int]]:
    """Where the statements that run when a module is imported begin: the node's, and those inside `if`, `try` …"""
    yield node.lineno, node.col_offset
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        for child in ast.iter_child_nodes(node):
            for inner in [child] if isinstance(child, ast.stmt) else ast.iter_child_nodes(child):
                if isinstance(inner, ast.stmt):
                    yield from statements(inner)


def test_what_a_room_takes_from_another_comes_from_a_door():
    """From the `__init__` of the room or of a sub-room, which says what is meant for others; from no module below, but
    where each file is one thing for others (DOORS_APIECE)."""
    modules = own_modules()
    found = {
        (path.relative_to(ROOT).as_posix(), f"{target}.{taken}".rstrip("."))
        for name, path in modules.items()
        for _, target, taken in own_imports(path, modules)
        if name.split(".")[0] != target.split(".")[0] and modules[target].name != "__init__.py"
        if target.rpartition(".")[0] not in DOORS_APIECE
    }
    assert {each for each in found if not each[1].startswith("app.")} == PAST_A_DOOR


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c", "b"]),
        ({"a": {"a"}}, ["a", "a"]),
    ],
)
def test_a_circle_is_found(graph: dict[str, set[str]], found: list[str]):
    assert circle(graph) == found


def test_packages_are_needed_before_their_modules():
    assert list(needed("generator.storage.headers", "generator.measuring.index")) == [
        "generator.storage",
        "generator.storage.headers",
    ]
    assert list(needed("generator.storage.headers", "generator.storage.packing")) == ["generator.storage.headers"]


# ---- what is in the files -------------------------------------------------------------------------------------------

FILES = [(room, path) for room in ARROWS for path in sources(room)]
EVERY_FILE = [*FILES, *((room, path) for room in sorted(FREE) for path in sources(room))]


def name_of(value: object) -> str | None:
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else None


@pytest.mark.parametrize(("room", "path"), FILES, ids=name_of)
def test_room_imports_only_along_the_arrows(room: str, path: Path):
    found = wrong_imports(room, path.read_text(encoding="utf-8"))
    assert [each for each in found if not (name_of(path) == HUB[0] and HUB[1] in each)] == []


@pytest.mark.parametrize(("room", "path"), EVERY_FILE, ids=name_of)
def test_no_source_runs_code_from_a_file_or_shares_unasked(room: str, path: Path):
    assert not unsafe_calls(path.read_text(encoding="utf-8"))


def decodes(source: str) -> bool:
    """Whether a source opens pictures by itself."""
    tree = ast.parse(source)
    names = local_names(tree)
    return any(called(node, names) == "PIL.Image.open" for node in ast.walk(tree) if isinstance(node, ast.Call))


@pytest.mark.parametrize("source", ["from PIL import Image\nImage.open(path)", "import PIL.Image as p\np.open(file)"])
def test_a_decoder_is_found(source: str):
    assert decodes(source) and not decodes(source.replace("open(", "new("))


def test_pictures_are_decoded_in_one_place():
    found = [name_of(path) for _, path in FILES if decodes(path.read_text(encoding="utf-8"))]
    assert found == ["pictures/decoder.py"]


def test_every_package_is_a_room_with_arrows():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {path.stem for path in ROOT.glob("*.py")}
    assert packages <= {*ARROWS, *FREE}


def test_arrows_have_no_loop():
    rooms = dict(ARROWS)
    while rooms:
        leaves = {room for room, targets in rooms.items() if not targets & rooms.keys()}
        assert leaves, f"these rooms import each other in a loop: {sorted(rooms)}"
        rooms = {room: targets for room, targets in rooms.items() if room not in leaves}


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("app", "import generator"),
        ("app", "def main():\n    import torch"),
        ("ui", "from generator import draw_z"),
        ("ui", "from postprocess.steps import blur"),
        ("ui", "import numpy as np"),
        ("ui", "from skimage.color import rgb2lab"),
        ("studio", "import gradio as gr"),
        ("studio", "import classroom"),
        ("classroom", "from ui.theme import asset"),
        ("studio", "import ui.theme"),
        ("studio", "from training import train"),
        ("generator", "import studio"),
        ("generator", "from torch.hub import load_state_dict_from_url"),
        ("postprocess", "import torch.nn.functional as F"),
        ("postprocess", "if True:\n    from generator import draw_z"),
        ("postprocess", "from urllib import request"),
        ("training", "from studio import Recipe"),
        ("training", "import tests.conftest"),
        ("pictures", "from studio import Recipe"),
        ("pictures", "import torch"),
    ],
)
def test_a_wrong_import_is_found(room: str, source: str):
    assert wrong_imports(room, source)


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("app", "from ui import build_page\nfrom studio import Studio"),
        ("ui", "from studio import Recipe\nimport gradio as gr\nfrom .theme import theme"),
        ("studio", "import numpy as np\nfrom generator import draw_z\nfrom urllib.parse import urlencode"),
        ("generator", "import torch\nfrom . import model\nfrom generator.model import Model"),
        ("postprocess", "from skimage import color\nfrom .errors import PostprocessError"),
        ("training", "from generator import Generator"),
        ("postprocess", "from pictures import decode"),
    ],
)
def test_a_right_import_is_left_alone(room: str, source: str):
    assert not wrong_imports(room, source)


@pytest.mark.parametrize(
    "source",
    [
        "import pickle\npickle.load(file)",
        "from pickle import loads as read\nread(data)",
        "import pickle as p\np.Unpickler(file)",
        "import torch\ntorch.load(path)",
        "import torch\ntorch.load(path, weights_only=False)",
        "import torch\ntorch.load(path, weights_only=flag)",
        "from torch import load\nload(path)",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "import torch\ntorch.hub.load_state_dict_from_url(url)",
        "page.launch(share=True)",
    ],
)
def test_an_unsafe_call_is_found(source: str):
    assert unsafe_calls(source)


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.load(path, weights_only=True)",
        "from safetensors.torch import load_file\nload_file(path)",
        "import json\njson.load(file)",
        "import numpy as np\nnp.load(path)",
        "page.launch(share=options.share)",
    ],
)
def test_a_safe_call_is_left_alone(source: str):
    assert not unsafe_calls(source)
