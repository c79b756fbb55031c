"""The table of what it costs is what the command computes, and the command computes rightly."""

import json
from pathlib import Path

import pytest

from tools.cost import (
    HOURS,
    INSTALLATIONS,
    PRICES,
    RULES,
    SECONDS,
    Installation,
    compute,
    executions,
    load,
    polling,
    table,
    watching,
)

ROOT = Path(__file__).parents[2]
FLEX = Installation("flex", {}, groups=4, zones=True)


def test_page_holds_what_the_command_prints() -> None:
    page = (ROOT / "docs/operate/cost.md").read_text(encoding="utf-8")
    durable = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"][
        "durableTask"
    ]
    provider = durable["storageProvider"]
    seconds = float(provider["maxQueuePollingInterval"].rpartition(":")[2])
    assert "\n".join(table(provider["partitionCount"], seconds)) in page


def test_flex_in_zones_pays_for_two_instances_of_every_group() -> None:
    # 21 million GB-s for two groups of two with 2 GB, as Microsoft's documents have it.
    ready = 4 * 2 * 2.0 * SECONDS
    assert ready == pytest.approx(42.0e6, rel=0.01)
    assert compute(FLEX) == pytest.approx(ready * PRICES["always ready"], rel=0.05)


def test_polling_is_queues_and_instances_over_the_interval() -> None:
    plan = Installation("plan", {"P0v3": 2})
    assert polling(plan, 8, 1.0) == pytest.approx(10 * SECONDS * PRICES["queue calls"] / 10_000)
    assert polling(plan, 8, 0.5) == 2 * polling(plan, 8, 1.0)
    assert polling(Installation("flex", {}, groups=4), 8, 1.0) == 0


def test_alarms_cost_what_the_template_has_of_them() -> None:
    from tests.infra.sets import of_kind

    rules = of_kind("default", "Microsoft.Insights/scheduledQueryRules")
    pauses = [each.properties["properties"]["evaluationFrequency"] for each in rules]
    assert {
        "rule every 5 minutes": pauses.count("PT5M"),
        "rule every 15 minutes": pauses.count("PT15M"),
    } == RULES
    assert watching(Installation("quiet", {"B1": 1}, alarms=False)) == 0


def test_probe_costs_what_the_template_has_of_it() -> None:
    from tests.infra.sets import only
    from tools.cost import PROBES

    probe = only("default", "Microsoft.Insights/webtests").properties["properties"]
    assert len(probe["Locations"]) * HOURS * 3600 / probe["Frequency"] == PROBES


@pytest.mark.parametrize("each", INSTALLATIONS, ids=lambda each: each.name)
def test_load_costs_more_when_nothing_is_shared(each: Installation) -> None:
    low, high = load(each, 100)
    assert 0 < low < high
    assert load(each, 1_000) > (low, high)


def test_only_flex_pays_for_executions() -> None:
    assert executions(FLEX, 1e6, 2.2) == pytest.approx(2.2 * PRICES["executions"])
    assert executions(Installation("plan", {"P0v3": 2}), 1e6, 2.2) == 0
