"""A page that is open in a browser cannot operate the host, and another user cannot read its data."""

import stat
from pathlib import Path

import pytest

from localhost.data_folder import open_data_folder, replace_json
from localhost.doors import rpc_handler
from localhost.errors import StartError
from localhost.keys import Keys
from localhost.listeners import bind_public, listening
from localhost.web_pages import is_of_a_page_elsewhere
from tests.localhost.front import Serve, Setup, echo_durable_api
from tests.localhost.test_http_front import app_with

PAGE = "https://evil.example"
DOORS = ["/admin/functions/timer", "/runtime/webhooks/durabletask/instances/x/terminate"]


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("headers", [{"Origin": PAGE}, {"Host": "evil.example"}], ids=str)
async def test_page_elsewhere_opens_no_door_of_the_host(
    serve: Serve, path: str, headers: dict[str, str]
) -> None:
    served = await serve(app_with(), Setup(only_loopback=True))
    plain = {"Content-Type": "text/plain", **headers}
    status, text = await served.call("POST", path, data="{}", headers=plain)
    assert (status, text) == (403, "")
    status, _ = await served.call("POST", path, data="{}")
    assert status != 403


async def test_page_elsewhere_needs_a_key_where_keys_are_asked_for(serve: Serve) -> None:
    keys = Keys(master="m", system="s", host="h")
    served = await serve(app_with(), Setup(keys=keys))
    headers = {"Host": "proxy.example", "x-functions-key": "s"}
    path = "/runtime/webhooks/durabletask/instances/x"
    assert (await served.call("GET", path, headers=headers))[0] == 200


@pytest.mark.parametrize(
    ("host", "origin", "only_loopback", "expected"),
    [
        ("localhost:7071", None, True, False),
        ("127.0.0.1:7071", "http://127.0.0.1:7071", True, False),
        ("[::1]", None, True, False),
        ("[::1]:7071", "http://[::1]:7071", True, False),
        ("localhost:7071", "http://localhost:7072", True, True),
        ("localhost:7071", "null", True, True),
        ("", None, True, True),
        ("evil.example:7071", "http://evil.example:7071", True, True),
        ("10.0.0.7:7071", "http://10.0.0.7:7071", False, False),
        ("10.0.0.7:7071", PAGE, False, True),
    ],
)
def test_page_is_known_by_host_and_origin(
    host: str,
    origin: str | None,
    only_loopback: bool,  # noqa: FBT001
    expected: bool,  # noqa: FBT001
) -> None:
    headers = {"Host": host} | ({} if origin is None else {"Origin": origin})
    assert is_of_a_page_elsewhere(headers, only_loopback=only_loopback) is expected


async def test_loopback_port_is_open_to_whoever_was_told_its_path(serve: Serve) -> None:
    served = await serve(app_with())
    door = bind_public("127.0.0.1", 0)
    base = f"http://127.0.0.1:{door.getsockname()[1]}"
    handler = rpc_handler(echo_durable_api, "http://public", path="/durabletask/secret/")
    async with listening(door, handler):
        for path, status in (
            ("/durabletask/instances/x", 404),
            ("/durabletask/wrong/instances/x", 404),
            ("/durabletask/secret/instances/x", 200),
        ):
            async with served.session.get(base + path) as answer:
                assert answer.status == status


def test_data_folder_is_of_its_user_alone(tmp_path: Path) -> None:
    with open_data_folder(tmp_path / "data"):
        mode = stat.S_IMODE((tmp_path / "data").stat().st_mode)
    assert mode == 0o700


def test_folder_that_everybody_can_write_into_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o777)
    with pytest.raises(StartError, match="everybody may write into"):
        open_data_folder(tmp_path / "data").__enter__()


@pytest.mark.parametrize("name", ["lock", "format.json.new"])
def test_link_in_the_data_folder_is_not_written_through(tmp_path: Path, name: str) -> None:
    (tmp_path / "precious").write_text("mine")
    data = tmp_path / "data"
    data.mkdir()
    (data / name).symlink_to("../precious")
    with pytest.raises(StartError), open_data_folder(data):
        replace_json(data / "format.json", {"format": 1})
    assert (tmp_path / "precious").read_text() == "mine"
