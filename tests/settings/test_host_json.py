"""host.json, read as the host reads it."""

import logging
from pathlib import Path

import pytest

from settings.host_json import HostJson


def read(tmp_path: Path, text: str, **environ: str) -> HostJson:
    path = tmp_path / "host.json"
    path.write_text(text, encoding="utf-8")
    return HostJson.read(path, environ)


LEVEL = '{"logging": {"logLevel": {"default": "Warning"}}}'


@pytest.mark.parametrize(
    "text",
    [
        LEVEL,
        "\ufeff" + LEVEL,
        LEVEL.upper().replace("WARNING", "warning"),
        '{ // a comment with "quotes"\n"logging": /* and\nthis */ {"logLevel": {"default": "Warning",},},}',
        '{"logging": {"logLevel": {"default": "Information", "Function": "Warning"}}}',
        '{"url": "http://x/*y*/,}", "logging": {"loglevel": {"default": "warning"}}}',
    ],
)
def test_names_in_any_case_comments_and_commas_are_read(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).log_level() == logging.WARNING


def test_text_within_a_string_is_left_alone(tmp_path: Path) -> None:
    assert read(tmp_path, r'{"a": "// \" ,} /* */"}').text("a") == '// " ,} /* */'


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a" 1}'])
def test_value_that_is_not_a_json_object_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"host\.json"):
        read(tmp_path, text)


def test_app_setting_comes_before_the_file(tmp_path: Path) -> None:
    override = {"azurefunctionsjobhost__LOGGING__logLevel__Function": "Error"}
    assert read(tmp_path, LEVEL, **override).log_level() == logging.ERROR


def test_level_without_such_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="logLevel default is 'Loud'"):
        read(tmp_path, LEVEL.replace("Warning", "Loud")).log_level()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [('"00:10:00"', 600), ('"1.00:00:00"', 86_400), ('"-1"', 300), ("null", 300)],
)
def test_timeout_is_in_seconds(tmp_path: Path, text: str, seconds: float) -> None:
    assert read(tmp_path, f'{{"functionTimeout": {text}}}').timeout_seconds() == seconds


def test_timeout_that_does_not_parse_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="functionTimeout"):
        read(tmp_path, '{"functionTimeout": "10 minutes"}').timeout_seconds()


def limits(orchestrators: int, entities: int, activities: int) -> str:
    return (
        '{"extensions": {"durableTask": {'
        f'"maxConcurrentOrchestratorFunctions": {orchestrators},'
        f'"maxConcurrentEntityFunctions": {entities},'
        f'"maxConcurrentActivityFunctions": {activities}}}}}}}'
    )


def test_more_than_there_are_threads_is_refused(tmp_path: Path) -> None:
    environ = {"PYTHON_THREADPOOL_THREAD_COUNT": "16"}
    read(tmp_path, limits(16, 500, 20), **environ).check_concurrency()
    with pytest.raises(ValueError, match="17 orchestrators"):
        read(tmp_path, limits(17, 16, 20), **environ).check_concurrency()
    with pytest.raises(ValueError, match="30 activities"):
        read(tmp_path, limits(16, 16, 30), **environ).check_concurrency()


def test_processes_multiply_threads_and_connections(tmp_path: Path) -> None:
    environ = {"PYTHON_THREADPOOL_THREAD_COUNT": "16", "FUNCTIONS_WORKER_PROCESS_COUNT": "2"}
    read(tmp_path, limits(32, 32, 59), **environ).check_concurrency()


def test_developer_without_thread_setting_is_not_bothered(tmp_path: Path) -> None:
    read(tmp_path, limits(500, 500, 500)).check_concurrency()


HUB = '{"extensions": {"durableTask": {"hubName": "%EO_TASK_HUB%"}}}'


@pytest.mark.parametrize("name", ["", "todo hub", "a", "1abc", "Hub-2", "H" * 46])
def test_name_that_no_task_hub_can_have_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text(HUB)
    with pytest.raises(ValueError, match="EO_TASK_HUB"):
        HostJson.read(tmp_path / "host.json", {"EO_TASK_HUB": name}).check_task_hub()


def test_name_of_the_task_hub_may_be_given_or_left_out(tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    path.write_text(HUB)
    HostJson.read(path, {"eo_task_hub": "HubV2"}).check_task_hub()
    path.write_text(HUB.replace("%EO_TASK_HUB%", "Todos%SLOT%V%RELEASE%"))
    HostJson.read(path, {"SLOT": "Blue", "RELEASE": "2"}).check_task_hub()
    with pytest.raises(ValueError, match=r"host\.json: hubName is 'TodosBlue-V2'"):
        HostJson.read(path, {"SLOT": "Blue-", "RELEASE": "2"}).check_task_hub()
    with pytest.raises(ValueError, match=r"'TodosBlueV\?'"):
        HostJson.read(path, {"SLOT": "Blue"}).check_task_hub()
    path.write_text("{}")
    HostJson.read(path, {}).check_task_hub()
    path.write_text(HUB.replace("%EO_TASK_HUB%", "Hub-2"))
    with pytest.raises(ValueError, match=r"host\.json: hubName is 'Hub-2'"):
        HostJson.read(path, {}).check_task_hub()


def test_shipped_file_fits_the_sample_settings() -> None:
    environ = {"PYTHON_THREADPOOL_THREAD_COUNT": "32", "WEBSITE_SITE_NAME": "x"}
    shipped = HostJson.read(Path(__file__).parents[2] / "host.json", environ)
    shipped.check_concurrency()
    assert shipped.timeout_seconds() == 600
