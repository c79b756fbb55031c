"""The templates fit together: what one file wants, the other gives."""

import re
from pathlib import Path

import pytest

from tests.infra.bicep import INFRA, Declaration, Template, read, templates, without_comments

MAIN = read(INFRA / "main.bicep")
ALL = templates()
NAMES = [template.path.name for template in ALL]
each_template = pytest.mark.parametrize("template", ALL, ids=NAMES)
each_module = pytest.mark.parametrize("module", MAIN.of("module").values(), ids=lambda m: m.name)


def called(module: Declaration) -> Template:
    return read(INFRA / module.target)


def given(module: Declaration) -> set[str]:
    return set(re.findall(r"^    (\w+): ", module.text.partition("  params: {")[2], re.MULTILINE))


@each_template
def test_every_parameter_and_output_is_described(template: Template) -> None:
    for each in template.of("param") | template.of("output"):
        declaration = template.of("param").get(each) or template.of("output")[each]
        assert re.search(r"@description\('.{4,}'\)", declaration.decorators), each


@each_template
def test_every_parameter_variable_and_resource_is_used(template: Template) -> None:
    for each in (*template.of("param"), *template.of("var")):
        assert len(re.findall(rf"\b{each}\b", template.text)) > 1, each
    for name, resource in template.of("resource").items():
        if resource.existing:
            assert len(re.findall(rf"\b{name}\b", template.text)) > 1, name


@each_template
def test_a_parent_a_scope_and_a_dependency_are_declared(template: Template) -> None:
    symbols = template.of("resource") | template.of("module")
    for each in re.findall(r"^\s+(?:parent|scope): (\w+)", template.text, re.MULTILINE):
        assert each in symbols
    for each in re.findall(r"dependsOn: \[([^\]]+)\]", template.text):
        assert {name.strip() for name in each.split(",")} <= symbols.keys()


@each_template
def test_a_child_has_the_type_of_its_parent_and_one_part_more(template: Template) -> None:
    resources = template.of("resource")
    for resource in resources.values():
        if found := re.search(r"^\s+parent: (\w+)", resource.text, re.MULTILINE):
            child, parent = (t.target.partition("@") for t in (resource, resources[found[1]]))
            assert child[0].rpartition("/")[0] == parent[0]
            assert child[2] == parent[2]


def test_every_type_has_one_api_version_and_none_is_a_preview() -> None:
    versions: dict[str, set[str]] = {}
    for template in ALL:
        for resource in template.of("resource").values():
            kind, _, version = resource.target.partition("@")
            assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", version), resource.target
            versions.setdefault(kind, set()).add(version)
    assert {kind for kind, found in versions.items() if len(found) > 1} == set()


@each_module
def test_a_module_gets_what_it_needs_and_nothing_else(module: Declaration) -> None:
    params = called(module).of("param")
    needed = {name for name, each in params.items() if each.default is None}
    assert needed <= given(module) <= params.keys()


def test_every_module_is_used() -> None:
    used = {called(module).path for module in MAIN.of("module").values()}
    assert used == set((INFRA / "modules").glob("*.bicep"))


def test_every_output_that_is_asked_for_is_there() -> None:
    asked = re.findall(r"\b(\w+)!?\.outputs\.(\w+)", MAIN.text)
    assert asked
    for module, output in asked:
        assert output in called(MAIN.of("module")[module]).of("output"), (module, output)


def test_what_may_not_be_deployed_is_asked_for_only_when_it_is() -> None:
    conditions = {
        name: found[1]
        for name, each in MAIN.of("module").items()
        if (found := re.search(r" = if \(([^)]+)\) \{", each.text))
    }
    assert conditions
    for name, condition in conditions.items():
        uses = re.findall(rf"[^\n]*\b{name}!?\.outputs\.[^\n]*", MAIN.text)
        assert all(f" {condition} ? {name}!.outputs." in use for use in uses), uses


def test_the_parameter_file_gives_what_has_no_default() -> None:
    text = without_comments((INFRA / "main.bicepparam").read_text(encoding="utf-8"))
    names = set(re.findall(r"^param (\w+) = ", text, re.MULTILINE))
    params = MAIN.of("param")
    assert {name for name, each in params.items() if each.default is None} <= names
    assert names <= params.keys()


def test_the_outputs_of_the_deployment_name_what_the_steps_use() -> None:
    deploy = (INFRA.parent / "docs/deploy.md").read_text(encoding="utf-8")
    used = set(re.findall(r"\b(AZURE_[A-Z_]+|TODO_BASE_URL|TodoTables__\w+)\b", deploy))
    assert used - {"AZURE_ENV_NAME", "AZURE_LOCATION"} <= MAIN.of("output").keys()


@pytest.mark.parametrize(
    "broken", ["param a string\n}\n", "var a = {\n", "var a = 'x\n", "something else\n"]
)
def test_what_cannot_be_read_is_not_passed_over(broken: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.bicep"
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(ValueError, match=r"broken\.bicep"):
        read(path)
