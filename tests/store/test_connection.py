"""The connection `EO_TABLES`, spelt in all the ways that Functions apps spell theirs."""

import logging
import re
import sys

import pytest
from azure.core.pipeline.policies import AzureSasCredentialPolicy
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

from settings.identity import Identity
from store.tables.client import Table
from store.tables.connection import DEVELOPMENT, Connection
from store.tables.requests import upsert

STRING = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5;EndpointSuffix=core.net"
ADDRESS = "https://a.table.core.windows.net"
CLIENT = "6f1c2a4e-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    "text",
    ["UseDevelopmentStorage=true", "usedevelopmentstorage=TRUE;", " UseDevelopmentStorage=true; "],
)
def test_development_storage_is_the_emulator_on_its_usual_port(text: str) -> None:
    connection = Connection.read({"EO_TABLES": text})
    assert connection.connection_string == DEVELOPMENT
    assert connection.open().url == "http://127.0.0.1:10002/devstoreaccount1"


def test_connection_string_names_the_account() -> None:
    account = Connection.read({"EO_TABLES": STRING, "Other": "x"}).open()
    assert account.url == "https://a.table.core.net"


def test_signature_can_stand_in_for_the_key() -> None:
    signature = f"TableEndpoint={ADDRESS};SharedAccessSignature=sv=2019-02-02&sig=x"
    assert Connection.read({"EO_TABLES": signature}).open().url.startswith(ADDRESS)


@pytest.mark.parametrize(
    "name",
    [
        "EO_TABLES__tableServiceUri",
        "EO_TABLES__serviceUri",
        "EO_TABLES__TABLESERVICEURI",
    ],
)
def test_address_is_used_with_an_identity(name: str) -> None:
    account = Connection.read({name: ADDRESS}).open()
    assert account.url == ADDRESS
    assert isinstance(account._credential, DefaultAzureCredential)
    settings = {name: ADDRESS, "EO_TABLES__credential": "managedidentity"}
    account = Connection.read(settings).open()
    assert isinstance(account._credential, ManagedIdentityCredential)


def test_user_assigned_identity_is_named_by_its_client_id() -> None:
    connection = Connection.read(
        {
            "EO_TABLES__tableServiceUri": ADDRESS,
            "EO_TABLES__clientId": CLIENT,
            "EO_TABLES__credential": "managedidentity",
        }
    )
    assert connection == Connection("", ADDRESS, Identity(CLIENT, managed_only=True))


def test_identity_without_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity.aio", None)
    connection = Connection.read({"EO_TABLES__tableServiceUri": ADDRESS})
    with pytest.raises(ValueError, match=r"EO_TABLES__tableServiceUri .* azure-identity"):
        connection.open()


@pytest.mark.parametrize("environ", [{}, {"EO_TABLES": ""}, {"AzureWebJobsStorage": STRING}])
def test_missing_connection_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="EO_TABLES is not set"):
        Connection.read(environ)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "AccountName=a",
        "TableEndpoint=;AccountKey=x",
        STRING.replace("a2V5", "not base64!"),
        STRING.replace("AccountName=a;", "AccountName=A b;"),
    ],
)
def test_wrong_connection_string_is_named_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="EO_TABLES cannot be used") as failure:
        Connection.read({"EO_TABLES": text}).open()
    assert not re.search("AccountKey=x|base64!", str(failure.value))


def test_credential_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="EO_TABLES__credential is 'azurecli'"):
        Connection.read({"EO_TABLES": STRING, "EO_TABLES__credential": "azurecli"})


def test_client_id_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="EO_TABLES__clientId is 'me'"):
        Connection.read({"EO_TABLES__tableServiceUri": ADDRESS, "EO_TABLES__clientId": "me"})


def test_account_that_is_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="EO_TABLES and EO_TABLES__tableServiceUri are both set"):
        Connection.read({"EO_TABLES": STRING, "EO_TABLES__tableServiceUri": ADDRESS})


def test_connection_does_not_show_its_secret() -> None:
    assert "a2V5" not in repr(Connection.read({"EO_TABLES": STRING}))


@pytest.mark.parametrize(
    "address",
    [
        "a",
        "https:///",
        "http://a.table.core.windows.net",
        "https://a.blob.core.windows.net",
        "https://a.table.core.windows.net/things",
        "https://a.table.core.windows.net?sig=x",
    ],
)
def test_address_of_no_table_service_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="EO_TABLES__tableServiceUri cannot be used"):
        Connection.read({"EO_TABLES__tableServiceUri": address}).open()


async def test_requests_log_nothing_and_follow_no_proxy(
    tables_account: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    caplog.set_level(logging.DEBUG)
    account = Connection.read({"EO_TABLES": tables_account}).open()
    table = Table(account, "things")
    await table.transact([upsert({"PartitionKey": "7", "RowKey": "x"})])
    assert await table.get("7", "x")
    await account.close()
    assert [each.name for each in caplog.records if each.name.startswith("azure")] == []


async def test_signature_signs_requests_for_rows() -> None:
    signature = f"TableEndpoint={ADDRESS};SharedAccessSignature=sv=2019-02-02&sig=x"
    account = Connection.read({"EO_TABLES": signature}).open()
    assert any(isinstance(each, AzureSasCredentialPolicy) for each in account._policies)
    assert "sig" not in account.url
