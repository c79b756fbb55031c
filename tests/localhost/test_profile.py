"""What the options and the environment say of time and placement."""

from typing import Any

import pytest

from localhost.cli import parse_options
from localhost.host_json import HostJson
from localhost.hub_settings import hub_options
from localhost.profile import FLEX, NONE, PLAN, Placement, Profile
from localhost.taskhub.clock import SECOND

STORAGE: dict[str, Any] = {"partitionCount": 8, "maxQueuePollingInterval": "00:00:02"}


def options_of(profile: Profile, factor: float = 1.0, **storage: Any) -> Any:
    host = HostJson({"extensions": {"durableTask": {"storageProvider": storage}}}, {})
    return hub_options(host, {}, profile, factor)


def test_nothing_takes_time_unless_asked_for() -> None:
    assert parse_options([]).profile == NONE
    options = options_of(NONE, **STORAGE)
    assert (options.queues, options.storage_seconds, options.lease) == (None, 0.0, 0)


def test_profile_has_the_numbers_of_azure() -> None:
    assert parse_options(["--profile", "plan"]).profile == PLAN
    flex = parse_options(["--profile", "flex"]).profile
    assert (flex, flex.placement) == (FLEX, Placement.APART)
    options = options_of(flex)
    queues = options.queues
    assert (queues.polling_max, queues.partitions, options.lease) == (SECOND, 4, 40 * SECOND)
    assert queues.control_visibility == queues.work_item_visibility == 300 * SECOND
    assert options_of(PLAN).queues.polling_max == 30 * SECOND


def test_host_json_says_more_than_the_profile() -> None:
    times: dict[str, Any] = {"controlQueueVisibilityTimeout": "00:01:00"}
    queues = options_of(FLEX, **STORAGE, **times).queues
    assert (queues.polling_max, queues.partitions) == (2 * SECOND, 8)
    assert (queues.control_visibility, queues.work_item_visibility) == (60 * SECOND, 300 * SECOND)


def test_each_number_can_be_said_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALHOST_PROFILE", "flex")
    monkeypatch.setenv("LOCALHOST_LEASE_SECONDS", "3")
    monkeypatch.setenv("LOCALHOST_PLACEMENT", "together")
    asked = ["--polling-seconds", "0.1", "--visibility-seconds", "7", "--storage-seconds", "0"]
    profile = parse_options([*asked, "--lease-seconds", "4"]).profile
    assert profile.placement is Placement.TOGETHER
    options = options_of(profile, **STORAGE)
    assert (options.storage_seconds, options.lease) == (0.0, 4 * SECOND)
    assert options.queues.polling_max == SECOND // 10
    assert options.queues.control_visibility == 7 * SECOND


def test_visibility_alone_delays_nothing_else() -> None:
    profile = parse_options(["--visibility-seconds", "3"]).profile
    assert options_of(profile, **STORAGE).queues.polling_max == 0


def test_factor_shortens_what_passes_after_a_kill_only() -> None:
    options = options_of(FLEX, 0.1)
    assert (options.lease, options.queues.control_visibility) == (4 * SECOND, 30 * SECOND)
    assert (options.queues.polling_max, options.storage_seconds) == (SECOND, FLEX.storage_seconds)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--profile", "consumption"],
        ["--placement", "anywhere"],
        ["--lease-seconds", "-1"],
        ["--polling-seconds", "nan"],
        ["--standby", "--profile", "flex"],
    ],
    ids=lambda arguments: arguments[-1],
)
def test_nonsense_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_options(arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_nonsense_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALHOST_PROFILE", "consumption")
    with pytest.raises(SystemExit):
        parse_options([])
