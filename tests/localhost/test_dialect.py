"""Which dialect an app speaks, and what happens where the host cannot."""

import sys
from typing import Any

import pytest

from localhost.dialect import needs_grpc, parts_for
from localhost.errors import StartError
from localhost.functions import Function
from localhost.taskhub.entities import Entities
from tests.localhost.declared import declared


def function(**members: Any) -> Function:
    return declared(type="entityTrigger", name="context", **members)


def test_app_that_does_not_ask_for_grpc_speaks_json() -> None:
    assert not needs_grpc([function()])
    assert parts_for([function(), function(durableRequiresGrpc=False)]).entities is Entities


def test_grpc_that_is_not_installed_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*sys.modules, "durabletask"]:
        if name.startswith("localhost.taskhub.protobuf"):
            monkeypatch.delitem(sys.modules, name)
        elif name.partition(".")[0] == "durabletask":
            monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(StartError, match=r"needs gRPC.*durabletask"):
        parts_for([function(durableRequiresGrpc=True)])
