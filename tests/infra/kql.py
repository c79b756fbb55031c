"""Reads as much of the Kusto query language as infra/queries uses, and refuses the rest.

It knows tables and their columns, the operators below and the functions in `FUNCTIONS`. So a column
that nobody defined, an operator that does not exist or a bracket too many is found here, and not
by an alarm that never rings.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

COMMON: Final = frozenset({"timestamp", "operation_Id", "customDimensions", "itemCount"})
TABLES: Final[Mapping[str, frozenset[str]]] = {
    "traces": COMMON | {"message", "severityLevel"},
    "requests": COMMON | {"name", "success", "resultCode", "duration"},
    "customMetrics": COMMON | {"name", "valueSum", "valueCount", "valueMax", "valueMin"},
}
"""Of Application Insights, with the columns that are used here."""

FUNCTIONS: Final = frozenset(
    {
        *("ago", "array_index_of", "bin", "coalesce", "count", "extract", "max", "parse_json"),
        *("set_has_element", "sum", "todouble", "toint", "toscalar", "tostring"),
    }
)
WORDS: Final = frozenset(
    {*("and", "or", "not", "in", "asc", "desc", "true", "false"), *("startswith", "endswith")}
    | {"matches", "regex"}
)
TOKEN: Final = re.compile(
    r"""(?P<text>@'(?:[^']|'')*'|@"(?:[^"]|"")*"|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<number>\d+(?:\.\d+)?[smhd]?)|(?P<name>[A-Za-z_]\w*)|(?P<mark>==|!=|>=|<=|[-+*/<>=(),.;|])
    |(?P<gap>\s+)|(?P<wrong>.)""",
    re.VERBOSE,
)
ASSIGNED: Final = 2

Token = tuple[str, str]
"""Kind and text."""


@dataclass
class Query:
    """What a query reads, and what comes out of it."""

    tables: set[str] = field(default_factory=set)
    columns: frozenset[str] = frozenset()
    lets: dict[str, frozenset[str] | None] = field(default_factory=dict)
    """Columns by name; None for a value."""
    texts: list[str] = field(default_factory=list)
    """All string literals, decoded."""
    patterns: dict[str, str] = field(default_factory=dict)
    """Regular expressions, by the column that `extend` takes out with it."""


@cache
def read(path: Path) -> Query:
    """Raise ValueError, naming the file, for anything that is no query."""
    lines = path.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("//"))
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None


def parse(text: str) -> Query:
    """Raise ValueError for anything that is no query."""
    query = Query()
    tokens = list(_tokens(text))
    query.texts = [decoded(token) for kind, token in tokens if kind == "text"]
    for statement in _split(tokens, ";"):
        if statement and statement[0] == ("name", "let"):
            name = statement[1][1]
            query.lets[name] = _let(statement[3:], query)
        elif statement:
            query.columns = _pipeline(statement, query)
    if not query.columns:
        raise ValueError("nothing comes out of it")
    return query


def decoded(literal: str) -> str:
    """Return what a string literal stands for."""
    if literal.startswith("@"):
        return literal[2:-1].replace(literal[1] * 2, literal[1])
    return re.sub(r"\\(.)", r"\1", literal[1:-1])


def _tokens(text: str) -> Iterator[Token]:
    for found in TOKEN.finditer(text):
        kind = str(found.lastgroup)
        if kind == "wrong":
            raise ValueError(f"cannot read {text[found.start() :][:30]!r}")
        if kind != "gap":
            yield kind, found[0]


def _split(tokens: Sequence[Token], mark: str) -> list[list[Token]]:
    """Cut at a mark that is in no brackets."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token[1], 0) if token[0] == "mark" else 0
        if depth < 0:
            raise ValueError("a bracket is closed that was not opened")
        if token == ("mark", mark) and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    if depth:
        raise ValueError("a bracket is not closed")
    return parts


def _let(tokens: Sequence[Token], query: Query) -> frozenset[str] | None:
    if len(tokens) == 1 and tokens[0][0] in {"number", "text"}:
        return None
    if tokens[:2] == [("name", "toscalar"), ("mark", "(")]:
        _pipeline(tokens[2:-1], query)
        return None
    return _pipeline(tokens, query)


def _pipeline(tokens: Sequence[Token], query: Query) -> frozenset[str]:
    source, *stages = _split(tokens, "|")
    columns = _source(source, query)
    for stage in stages:
        if not stage or stage[0][1] not in STAGES:
            raise ValueError(f"no operator: {' '.join(text for _, text in stage[:3])!r}")
        columns = STAGES[stage[0][1]](stage[1:], columns, query)
    return columns


def _source(tokens: Sequence[Token], query: Query) -> frozenset[str]:
    names = [text for kind, text in tokens if kind == "name" and text != "union"]
    columns: set[str] = set()
    for name in names:
        found = query.lets.get(name) or TABLES.get(name)
        if found is None:
            raise ValueError(f"no table {name!r}")
        if name in TABLES:
            query.tables.add(name)
        columns |= found
    return frozenset(columns)


def _where(tokens: Sequence[Token], columns: frozenset[str], query: Query) -> frozenset[str]:
    _check(tokens, columns, query)
    return columns


def _extend(tokens: Sequence[Token], columns: frozenset[str], query: Query) -> frozenset[str]:
    for part in _split(tokens, ","):
        name, expression = _assigned(part)
        _check(expression, columns, query)
        for (_, function), (kind, text) in zip(expression, expression[ASSIGNED:], strict=False):
            if function == "extract" and kind == "text":
                query.patterns[name] = decoded(text)
        columns |= {name}
    return columns


def _project(tokens: Sequence[Token], columns: frozenset[str], query: Query) -> frozenset[str]:
    _check(tokens, columns, query)
    return frozenset(text for kind, text in tokens if kind == "name")


def _summarize(tokens: Sequence[Token], columns: frozenset[str], query: Query) -> frozenset[str]:
    names = [text for _, text in tokens]
    cut = names.index("by") if "by" in names else len(names)
    results: set[str] = set()
    for part in _split(tokens[:cut], ","):
        if len(part) > 1 and part[1] == ("mark", "="):
            results.add(part[0][1])
            part = part[ASSIGNED:]  # noqa: PLW2901 - what is left of it
        _check(part, columns, query)
    for part in _split(tokens[cut + 1 :], ",") if tokens[cut:] else ():
        _check(part, columns, query)
        results |= {text for kind, text in part if kind == "name" and text not in FUNCTIONS}
    return frozenset(results or {"result"})


def _assigned(part: Sequence[Token]) -> tuple[str, Sequence[Token]]:
    if len(part) <= ASSIGNED or part[0][0] != "name" or part[1] != ("mark", "="):
        raise ValueError(f"no assignment: {' '.join(text for _, text in part)!r}")
    return part[0][1], part[ASSIGNED:]


def _check(tokens: Sequence[Token], columns: frozenset[str], query: Query) -> None:
    """See that every name is a column, a value, a function or a word of the language."""
    if not tokens:
        raise ValueError("an expression is empty")
    before = ""
    for kind, text in tokens:
        known = text in columns or text in FUNCTIONS | WORDS or text in query.lets
        if kind == "name" and not known and before != ".":
            raise ValueError(f"no column {text!r}")
        before = text


def _order(tokens: Sequence[Token], columns: frozenset[str], query: Query) -> frozenset[str]:
    return _where(tokens[1:], columns, query)


Stage = Callable[[Sequence[Token], frozenset[str], Query], frozenset[str]]

STAGES: Final[Mapping[str, Stage]] = {
    "where": _where,
    "extend": _extend,
    "project": _project,
    "summarize": _summarize,
    "order": _order,
}
