"""Gives queries to Microsoft's parser, with the tables of Application Insights."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from tools.node import Node

FOLDER: Final = Path(__file__).parent / "kusto"
QUERIES: Final = Path(__file__).parents[2] / "infra" / "queries"
ANALYZE_SECONDS_MAX: Final = 120

SCHEMA: Final = {
    "traces": (
        "(timestamp: datetime, message: string, severityLevel: int, itemType: string,"
        " customDimensions: dynamic, customMeasurements: dynamic, operation_Name: string,"
        " operation_Id: string, operation_ParentId: string, cloud_RoleName: string,"
        " cloud_RoleInstance: string, appName: string, itemId: string, itemCount: int)"
    ),
    "requests": (
        "(timestamp: datetime, id: string, source: string, name: string, url: string,"
        " success: string, resultCode: string, duration: real, performanceBucket: string,"
        " itemType: string, customDimensions: dynamic, customMeasurements: dynamic,"
        " operation_Name: string, operation_Id: string, operation_ParentId: string,"
        " cloud_RoleName: string, cloud_RoleInstance: string, appName: string,"
        " itemId: string, itemCount: int)"
    ),
    "exceptions": (
        "(timestamp: datetime, problemId: string, type: string, outerType: string,"
        " outerMessage: string, innermostMessage: string, severityLevel: int, details: dynamic,"
        " customDimensions: dynamic, operation_Id: string, itemCount: int)"
    ),
    "customMetrics": (
        "(timestamp: datetime, name: string, value: real, valueCount: int, valueSum: real,"
        " valueMin: real, valueMax: real, valueStdDev: real, itemType: string,"
        " customDimensions: dynamic, operation_Name: string, operation_Id: string,"
        " cloud_RoleName: string, cloud_RoleInstance: string, appName: string,"
        " itemId: string, itemCount: int)"
    ),
    "_LogOperation": (
        "(TimeGenerated: datetime, Operation: string, Level: string, Category: string,"
        " Detail: string, _ResourceId: string, Type: string)"
    ),
}
"""Tables and columns as Microsoft documents them; the last one is of the workspace."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the parser says about one query."""

    problems: list[str]
    tables: list[str]
    columns: dict[str, str]
    """Types by name, in the order in which they come out."""


def analyze(queries: Mapping[str, str]) -> dict[str, Analysis]:
    """Return what the parser says, by the names of the queries."""
    node = Node.find()
    assert node is not None, "run `make test`, which installs Node.js"
    done = subprocess.run(
        [node.node, FOLDER / "analyze.js"],
        input=json.dumps({"schema": SCHEMA, "queries": queries}),
        capture_output=True,
        text=True,
        check=False,
        timeout=ANALYZE_SECONDS_MAX,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return {name: Analysis(**each) for name, each in found.items()}


def texts() -> dict[str, str]:
    """Return all queries by their paths below infra/queries, without the ending."""
    return {
        path.relative_to(QUERIES).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(QUERIES.rglob("*.kql"))
    }


@cache
def analyses() -> dict[str, Analysis]:
    """Return what the parser says about all of them."""
    return analyze(texts())
