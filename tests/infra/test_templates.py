"""The files of infra/ fit together: what one wants, another gives."""

import re

import pytest

from tests.infra.bicep.deployment import deploy, module_path
from tests.infra.bicep.syntax import INFRA, Declaration, File, files, parse, read, text, walk
from tests.infra.sets import SETS, resources

MAIN = read(INFRA / "main.bicep")
ALL = files()
each_file = pytest.mark.parametrize("file", ALL, ids=lambda file: file.path.name)
PREVIEW_ONLY = {"Microsoft.Insights/diagnosticSettings"}
"""There is no version of these that is not a preview."""


@each_file
def test_parameter_and_output_are_described(file: File) -> None:
    for each in (*file.of("param").values(), *file.of("output").values()):
        assert "description" in each.decorators, each.name


@each_file
def test_whatever_is_declared_is_used(file: File) -> None:
    used = [text(node) for node in walk(file.root) if node.type == "identifier"]
    for kind in ("param", "var", "type"):
        for name in file.of(kind):
            assert used.count(name) > 1, name
    for name, resource in file.of("resource").items():
        assert used.count(name) > 1 or not resource.existing, name


@pytest.mark.parametrize("name", SETS)
def test_parameters_are_taken_by_every_module(name: str) -> None:
    assert resources(name)  # parameters that are missing, unknown or not allowed are an error


def test_every_module_is_used() -> None:
    used = {module_path(MAIN, each) for each in MAIN.of("module").values()}
    assert used == set((INFRA / "modules").glob("*.bicep"))


def test_every_type_has_one_api_version_and_none_is_a_preview() -> None:
    versions: dict[str, set[str]] = {}
    for name in SETS:
        for each in resources(name):
            versions.setdefault(each.kind, set()).add(each.version)
    for kind, found in versions.items():
        [version] = found
        preview = not re.fullmatch(r"\d{4}-\d{2}-\d{2}", version)
        assert preview == (kind in PREVIEW_ONLY), kind


@pytest.mark.parametrize("name", SETS)
def test_no_two_resources_have_one_name(name: str) -> None:
    ids = [(each.kind, str(each.properties.get("scope")), each.name) for each in resources(name)]
    assert len(ids) == len(set(ids))


def test_parameter_file_gives_parameters_that_there_are() -> None:
    content = (INFRA / "main.bicepparam").read_text(encoding="utf-8")
    given = dict(re.findall(r"^param (\w+) = (.*)$", content, re.MULTILINE))
    params = MAIN.of("param")
    required = {name for name, each in params.items() if each.value is None}
    assert required <= given.keys() <= params.keys()
    for name, expression in given.items():
        assert default(params[name]) == fallback(expression), name


def default(declaration: Declaration) -> str | None:
    return None if declaration.value is None else text(declaration.value).strip("'")


def fallback(expression: str) -> str | None:
    """Return what a parameter has when its variable is not set; None when it must be set."""
    found = re.search(r"readEnvironmentVariable\('\w+'(?:, '([^']*)')?\)", expression)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"redundancy": "none"},
        {"planInstances": 0},
        {"httpConcurrency": 1001},
        {"domains": []},
        {"unknown": 1},
        {"privateNetwork": "true"},
    ],
    ids=lambda wrong: str(next(iter(wrong))),
)
def test_parameter_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        deploy(**wrong)


@pytest.mark.parametrize("broken", ["param x string =\n", "var a = {\n", "resource r 'x@1' = [\n"])
def test_malformed_bicep_is_rejected(broken: str) -> None:
    with pytest.raises(ValueError, match=r"line \d+ is no Bicep"):
        parse(broken)
