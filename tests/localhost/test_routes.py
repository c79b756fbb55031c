"""What the recorded set `http/routes` does not show of templates and constraints."""

import pytest

from localhost.route_constraints import constraint_of
from localhost.route_template import compile_template


@pytest.mark.parametrize(
    ("constraint", "accepted", "refused"),
    [
        ("int", ["007", "2147483647"], ["1_0", "٣"]),
        ("decimal", ["79228162514264337593543950335"], ["79228162514264337593543950336"]),
        ("maxlength(2)", ["ab", ""], ["abc"]),
        ("regex(b+)", ["aBBc"], ["ac"]),
    ],
)
def test_a_constraint_accepts_what_aspnet_accepts(
    constraint: str, accepted: list[str], refused: list[str]
) -> None:
    holds = constraint_of(constraint)
    assert [value for value in accepted if not holds(value)] == []
    assert [value for value in refused if holds(value)] == []


@pytest.mark.parametrize("text", ["integer", "range(1)", "length(x)", "int(", "regex(["])
def test_a_wrong_constraint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="route constraint"):
        constraint_of(text)


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("api/todos", "api/todos", {}),
        ("api/todos", "API/Todos", {}),
        ("api/todos", "api/todos/1", None),
        ("p/{id}", "p/Abc", {"id": "Abc"}),
        ("p/{id}", "p", None),
        ("p/{id}", "p/a/b", None),
        ("p/{id:int}", "p/7", {"id": "7"}),
        ("p/{id:int}", "p/abc", None),
        ("p/{id:int:min(5)}", "p/4", None),
        ("p/{id?}", "p", {}),
        ("p/{id?}", "p/1", {"id": "1"}),
        ("p/{id:int?}", "p", {}),
        ("p/{id:int?}", "p/x", None),
        ("p/{id=9}", "p", {"id": "9"}),
        ("p/{id:int=9}", "p/3", {"id": "3"}),
        ("p/{a=1}/{b=2}", "p", {"a": "1", "b": "2"}),
        ("p/{a=1}/{b=2}", "p/8", {"a": "8", "b": "2"}),
        ("p/{a=1}/x", "p/x", None),
        ("p/{a=1}/x", "p/8/x", {"a": "8"}),
        ("files/{*path}", "files/a/b/c.txt", {"path": "a/b/c.txt"}),
        ("files/{*path}", "files", {}),
        ("files/{**path}", "files/a", {"path": "a"}),
        ("{*path}", "anything/at/all", {"path": "anything/at/all"}),
        ("{id?}", "", {}),
        ("f/{name}.{ext?}", "f/a.b.txt", {"name": "a.b", "ext": "txt"}),
        ("f/{name}.{ext?}", "f/a", {"name": "a"}),
        ("f/{name}.json", "f/x.json", {"name": "x"}),
        ("f/{a}-{b}", "f/x-y-z", {"a": "x-y", "b": "z"}),
        (r"f/{n:regex(^\d{{3}}$)}", "f/123", {"n": "123"}),
        (r"f/{n:regex(^a/b$)}", "f/x", None),
        (r"f/{n:regex(^a?b=c$)}", "f/b=c", {"n": "b=c"}),
        ("a.b/{x}", "aXb/1", None),
    ],
)
def test_a_template_matches_as_in_aspnet(
    template: str, path: str, values: dict[str, str] | None
) -> None:
    assert compile_template(template).match(path) == values


@pytest.mark.parametrize(
    "template",
    [
        "p/{",
        "p/}x{",
        "p/{}",
        "p/{a}/{A}",
        "p/{a?}/x",
        "p/{*a}/x",
        "p/x{*a}",
        "p/{a:nope}",
        "p/{a}-{b?}",
        "p/{a b}",
    ],
)
def test_a_template_that_aspnet_refuses_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        compile_template(template)
