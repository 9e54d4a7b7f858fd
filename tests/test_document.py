"""Reading YAML 1.2 as plain data, with the place of every key and value."""

from pathlib import Path

import pytest

from search.errors import SpaceError
from search.spaces.document import Document, Override, dotted, read_document

TEXT = """\
# a comment
name: toy
sizes: [1, 20,
        300]
model:
  depth: 3
  "layers":
    - {kind: conv}
"""


def read(folder: Path, text: str) -> Document:
    path = folder / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return read_document(path)


def problems(document: Document) -> list[str]:
    """List the problems noted so far, without the name of the file."""
    with pytest.raises(SpaceError) as caught:
        document.raise_problems()
    return [problem.removeprefix(f"{document.name}:") for problem in caught.value.problems]


def test_read_document_gives_plain_data(tmp_path: Path) -> None:
    assert read(tmp_path, TEXT).data == {
        "name": "toy",
        "sizes": [1, 20, 300],
        "model": {"depth": 3, "layers": [{"kind": "conv"}]},
    }


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("name",), (2, 1), (2, 7)),
        (("sizes",), (3, 1), (3, 8)),
        (("model",), (5, 1), (6, 3)),
        (("model", "depth"), (6, 3), (6, 10)),
        (("model", "layers"), (7, 3), (8, 5)),
        (("model", "layers", 0, "kind"), (8, 8), (8, 14)),
    ],
)
def test_read_document_remembers_places(
    tmp_path: Path, path: tuple[str | int, ...], key: tuple[int, int], value: tuple[int, int]
) -> None:
    document = read(tmp_path, TEXT)
    assert (document.keys[path], document.values[path]) == (key, value)


def test_read_document_remembers_places_of_list_items(tmp_path: Path) -> None:
    document = read(tmp_path, TEXT)
    assert [document.values["sizes", i] for i in range(3)] == [(3, 9), (3, 12), (4, 9)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E+3", 1000.0),
        (".5", 0.5),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        (".inf", float("inf")),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("2026-01-31", "2026-01-31"),
        ("'1'", "1"),
        ("größe", "größe"),
    ],
)
def test_read_document_resolves_scalars_as_yaml_1_2(
    tmp_path: Path, text: str, value: object
) -> None:
    read_value = read(tmp_path, f"key: {text}\n").data["key"]
    assert (read_value, type(read_value)) == (value, type(value))


def test_read_document_makes_every_key_a_string(tmp_path: Path) -> None:
    assert read(tmp_path, "1: a\ntrue: b\n").data == {"1": "a", "true": "b"}


def test_read_document_repeats_what_an_alias_names(tmp_path: Path) -> None:
    document = read(tmp_path, "a: &block {depth: 3}\nb: *block\n")
    assert document.data == {"a": {"depth": 3}, "b": {"depth": 3}}
    assert document.data["a"] is not document.data["b"]


@pytest.mark.parametrize("text", ["\ufeffa: 1\n", "a: 1\r\n", "---\na: 1\n", "{a: 1}"])
def test_read_document_accepts_other_ways_to_write_a_file(tmp_path: Path, text: str) -> None:
    document = read(tmp_path, text)
    document.raise_problems()
    assert document.data == {"a": 1}


def test_read_document_notes_a_key_given_twice_and_keeps_the_first(tmp_path: Path) -> None:
    document = read(tmp_path, "a: 1\nb:\n  c: 2\n  c: 3\n")
    assert document.data == {"a": 1, "b": {"c": 2}}
    assert problems(document) == ["4:3: b.c: defined twice, first on line 3"]


@pytest.mark.parametrize(
    "tag", ["!!python/name:os.system", "!!python/object/apply:os.abort", "!x"]
)
def test_read_document_builds_nothing_from_a_tag(tmp_path: Path, tag: str) -> None:
    document = read(tmp_path, f"a: {tag} ''\n")
    assert document.data == {"a": None}
    assert problems(document)[0].startswith("1:4: a: plain values only, got the tag ")


def test_read_document_notes_an_alias_within_itself(tmp_path: Path) -> None:
    document = read(tmp_path, "a: &loop\n  b: *loop\n")
    assert problems(document) == ["1:4: a.b: an alias must not contain itself"]


@pytest.mark.parametrize("text", ["- a\n- b\n", "word\n", "3\n", "a: 1\n---\nb: 2\n"])
def test_read_document_that_is_no_single_mapping_raises(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpaceError):
        read(tmp_path, text)


def test_read_document_of_a_folder_raises(tmp_path: Path) -> None:
    with pytest.raises(SpaceError) as caught:
        read_document(tmp_path)
    assert str(caught.value) == f"{tmp_path}: a space file must be a file, got a folder"


@pytest.mark.parametrize(
    ("opening", "end", "column"), [("[", "]", 104), ("{a: ", "}", 401), ("[", "", 104)]
)
def test_read_document_that_nests_without_end_raises(
    tmp_path: Path, opening: str, end: str, column: int
) -> None:
    with pytest.raises(SpaceError) as caught:
        read(tmp_path, f"a: {opening * 3_000}{end * 3_000}\n")
    place = f"{tmp_path / 'x.yaml'}:1:{column}"
    assert str(caught.value) == f"{place}: values must be nested at most 100 deep"


def test_add_problem_of_a_missing_key_is_placed_at_its_parent(tmp_path: Path) -> None:
    document = read(tmp_path, TEXT)
    document.add_problem(("model", "width"), "must be given")
    assert problems(document) == ["6:3: model.width: must be given"]


def test_add_problem_at_key_is_placed_there(tmp_path: Path) -> None:
    document = read(tmp_path, TEXT)
    document.add_problem(("model", "depth"), "is odd", at_key=True)
    assert problems(document) == ["6:3: model.depth: is odd"]


def test_raise_problems_sorts_by_place_and_drops_repeats(tmp_path: Path) -> None:
    document = read(tmp_path, "\n".join(f"key_{i}: {i}" for i in range(12)))
    for name in ("key_10", "key_1", "key_9", "key_1"):
        document.add_problem((name,), "is odd")
    assert problems(document) == [
        "2:8: key_1: is odd",
        "10:8: key_9: is odd",
        "11:9: key_10: is odd",
    ]


def test_raise_problems_without_any_passes(tmp_path: Path) -> None:
    read(tmp_path, TEXT).raise_problems()


@pytest.mark.parametrize(
    ("assignment", "data"),
    [
        ("b.c=10", {"a": 1, "b": {"c": 10}}),
        (" b.c = 10", {"a": 1, "b": {"c": 10}}),
        ("b.d.e=x", {"a": 1, "b": {"c": 2, "d": {"e": "x"}}}),
        ("a.d=null", {"a": {"d": None}, "b": {"c": 2}}),
        ("a=[1, {x: no}]", {"a": [1, {"x": "no"}], "b": {"c": 2}}),
        ("a=x=y", {"a": "x=y", "b": {"c": 2}}),
        ("a=", {"a": None, "b": {"c": 2}}),
    ],
)
def test_override_sets_a_yaml_value(
    tmp_path: Path, assignment: str, data: dict[str, object]
) -> None:
    document = read(tmp_path, "a: 1\nb: {c: 2}\n")
    document.override(Override(assignment, f"--set {assignment}"))
    assert document.data == data


def test_override_is_the_place_of_what_it_sets(tmp_path: Path) -> None:
    document = read(tmp_path, "a: 1\nb: {c: 2}\n")
    document.override(Override("b.c={d: 3}", "--set b.c={d: 3}"))
    document.add_problem(("b", "c", "d"), "is odd")
    assert problems(document) == ["--set b.c={d: 3}: b.c.d: is odd"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("a",), "a"),
        (("a", "b", "c"), "a.b.c"),
        (("a", 0, "b", 1, 2), "a[0].b[1][2]"),
    ],
)
def test_dotted_writes_keys_and_indices(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text


@pytest.mark.parametrize("text", ["!!omap [b: 1]", "!x {b: 1}", "!!set {b}"])
def test_read_document_refuses_a_tag_on_a_collection(tmp_path: Path, text: str) -> None:
    document = read(tmp_path, f"a: {text}\n")
    assert problems(document)[0].startswith("1:4: a: plain values only, got the tag ")


@pytest.mark.parametrize("kind", ["int", "float", "bool"])
def test_read_document_value_unlike_its_tag_is_a_problem(tmp_path: Path, kind: str) -> None:
    document = read(tmp_path, f"a: !!{kind} abc\n")
    assert problems(document) == [f"1:4: a: a value of the type {kind} must be given"]


def test_read_document_number_of_too_many_digits_is_a_problem(tmp_path: Path) -> None:
    document = read(tmp_path, f"a: {'9' * 5000}\n")
    assert problems(document) == ["1:4: a: a value of the type int must be given"]


def test_read_document_key_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    document = read(tmp_path, "a:\n  ? [1, 2]\n  : 3\n  b: 4\n")
    assert problems(document) == ["2:3: a: a key must be a string, on line 2"]


@pytest.mark.parametrize("depth", [101, 5000])
def test_read_document_nested_too_deep_is_refused(tmp_path: Path, depth: int) -> None:
    with pytest.raises(SpaceError, match="1:104: values must be nested at most 100 deep"):
        read(tmp_path, f"a: {'[' * depth}{']' * depth}\n")
