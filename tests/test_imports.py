"""The import rules of the project, read from the source and seen in fresh interpreters."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGES = ("search", "objectives")

# From left to right: folders and modules; nothing imports what stands to its right, and what
# shares a row is not ruled here.
LAYERS = (
    {"search.columns", "search.errors", "search.text"},
    {"search.objective"},
    {"search.spaces"},
    {"search.statistics"},
    {"search.studies"},
    {"search.running"},
    {"search.progress"},
    {"search.best_trial"},
    {"search.summaries"},
    {"search.plots"},
    {"search.report"},
    {"search.demo"},
    {"search.api"},
    {"search.mcp"},
    {"search.commands"},
    {"search.cli"},
)


def module_sources() -> dict[str, str]:
    """Read every module of both packages; a package's `__init__.py` goes by its name."""
    sources = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            sources[".".join(parts).removesuffix(".__init__")] = path.read_text(encoding="utf-8")
    return sources


SOURCES = module_sources()


def imported(source: str) -> set[str]:
    """List the modules that a text imports, at its top, in functions, and for types only."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "imports are absolute"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            submodules = whole & SOURCES.keys()
            names |= submodules if submodules == whole else submodules | {node.module}
    return names


IMPORTS = {module: imported(source) for module, source in SOURCES.items()}


def importers_of(root: str) -> set[str]:
    """List the modules that import a package or anything in it."""
    return {
        module
        for module, names in IMPORTS.items()
        if any(name.partition(".")[0] == root for name in names)
    }


def reachable(module: str) -> set[str]:
    """List the modules of the project that one imports, directly or through others."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        new = IMPORTS[waiting.pop()] & SOURCES.keys() - found
        found |= new
        waiting += new
    return found


def loaded(*arguments: str) -> set[str]:
    """Run Python and list the top-level packages that it loaded."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import torch.nn", {"torch.nn"}),
        ("def f():\n    from ray import tune", {"ray"}),
        (
            "from search.studies import attributes, trials",
            {"search.studies.attributes", "search.studies.trials"},
        ),
        ("from search import InfeasibleError", {"search"}),
        (
            "from search.running.engines import ENGINES, inline",
            {"search.running.engines", "search.running.engines.inline"},
        ),
    ],
)
def test_imported_each_form_is_seen(source: str, names: set[str]) -> None:
    assert imported(source) == names


@pytest.mark.parametrize("foreign", ["search", "ray", "optuna"])
def test_objectives_stand_alone(foreign: str) -> None:
    assert not {module for module in importers_of(foreign) if module.startswith("objectives")}


def test_search_names_objectives_only_in_space_files() -> None:
    assert not {module for module in importers_of("objectives") if module.startswith("search")}


def test_ray_is_imported_by_its_engine_only() -> None:
    engine = "search.running.engines."
    assert importers_of("ray") == {
        f"{engine}{module}" for module in ("ray_tune", "ray_cluster", "ray_privates")
    }


@pytest.mark.parametrize("library", ["torch", "torchvision"])
def test_torch_is_imported_by_objectives_only(library: str) -> None:
    # Checkpoints and exported models are torch's files; these modules load it when there is one
    # to save or load.
    importers = importers_of(library) - {
        "search.objective.reported_checkpoint",
        "search.studies.checkpoints",
        "search.best_trial.model_file",
    }
    assert importers
    assert all(module.startswith("objectives.") for module in importers)


def test_flask_is_imported_by_the_demo_only() -> None:
    assert importers_of("flask") | importers_of("werkzeug") == {"search.demo.server"}


def test_the_protocol_for_agents_is_imported_by_its_room_only() -> None:
    assert importers_of("mcp") == {"search.mcp.server"}


def test_imports_form_no_cycle() -> None:
    graph = {module: names & SOURCES.keys() for module, names in IMPORTS.items()}
    graphlib.TopologicalSorter(graph).prepare()


def test_init_is_imported_by_nothing_inside_its_package() -> None:
    # search.running.engines re-exports nothing: it holds the table of the engines, so that the
    # names can be listed without loading one.
    inits = {"search", "objectives"}
    hubs = {module: names & inits for module, names in IMPORTS.items() if names & inits}
    assert hubs == {}


def test_engines_table_loads_no_engine() -> None:
    assert IMPORTS["search.running.engines"] & SOURCES.keys() == {
        "search.errors",
        "search.text",
    }


def members(layer: set[str]) -> set[str]:
    """List the modules of a layer."""
    return {m for m in SOURCES for place in layer if m == place or m.startswith(f"{place}.")}


def test_layers_name_places_that_exist() -> None:
    assert set().union(*LAYERS) <= SOURCES.keys()


@pytest.mark.parametrize("place", range(len(LAYERS)), ids=[min(layer) for layer in LAYERS])
def test_layers_nothing_reaches_to_its_right(place: int) -> None:
    to_the_right = members(set().union(*LAYERS[place + 1 :]))
    wrong = {m: sorted(reachable(m) & to_the_right) for m in sorted(members(LAYERS[place]))}
    assert not {module: names for module, names in wrong.items() if names}


# What the command line needs before it knows the command, to complete a word, and to print.
COMMANDS_ALSO_IMPORT = {
    "search.commands.options": {
        "search.running.engines",
        "search.spaces.samplers",
        "search.spaces.pruners",
        "search.spaces.shipped_spaces",
    },
    "search.commands.output": {"search.studies.export"},
    "search.commands.programs": {"search.mcp.server"},
}


@pytest.mark.parametrize("module", sorted(members({"search.commands", "search.cli"})))
def test_commands_reach_the_other_rooms_by_the_api(module: str) -> None:
    light = {"search.errors", "search.text", "search.studies.folder", "search.summaries.layout"}
    allowed = members({"search.api", "search.commands"}) | light
    allowed |= COMMANDS_ALSO_IMPORT.get(module, set())
    assert IMPORTS[module] & SOURCES.keys() <= allowed


@pytest.mark.parametrize(
    "arguments",
    [("-c", "import search"), ("-m", "search", "--help")],
    ids=["import", "help"],
)
def test_start_up_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    packages = loaded(*arguments)
    assert "search" in packages
    assert not packages & {"torch", "ray", "optuna", "numpy", "pandas", "matplotlib", "flask"}


def test_importing_the_inline_engine_loads_neither_ray_nor_torch() -> None:
    packages = loaded("-c", "import search.running.engines.inline")
    assert "optuna" in packages
    assert not packages & {"torch", "ray"}


def test_check_loads_neither_ray_nor_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    check = ("-m", "search", "check", "spaces/small_cnn.yaml")
    first, again = loaded(*check), loaded(*check)
    assert "optuna" in again
    assert not first & {"torch", "ray"}
    # The images were prepared by the first one; to count them again takes no more than numpy.
    assert not again & {"torch", "ray", "sklearn", "scipy", "pandas"}


def test_textual_is_loaded_for_a_screen_only() -> None:
    screen = "search.progress.screen."
    importers = importers_of("textual")
    assert importers
    assert all(module.startswith(screen) for module in importers)
    assert "textual" not in loaded("-c", "import search.progress.watching, search.api.sessions")
    assert "textual" not in loaded("-m", "search", "--help")
