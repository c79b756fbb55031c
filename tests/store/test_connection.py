"""The connection `EO_TABLES`, spelt in all the ways that Functions apps spell theirs."""

import sys

import pytest
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

from settings.identity import Identity
from store.tables.connection import DEVELOPMENT, Connection

STRING = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5;EndpointSuffix=core.net"
ADDRESS = "https://a.table.core.windows.net"


@pytest.mark.parametrize(
    "text",
    ["UseDevelopmentStorage=true", "usedevelopmentstorage=TRUE;", " UseDevelopmentStorage=true; "],
)
def test_development_storage_is_the_emulator_on_its_usual_port(text: str) -> None:
    connection = Connection.read({"EO_TABLES": text})
    assert connection.connection_string == DEVELOPMENT
    assert connection.open().service.url == "http://127.0.0.1:10002/devstoreaccount1"


def test_a_connection_string_names_the_account() -> None:
    account = Connection.read({"EO_TABLES": STRING, "Other": "x"}).open()
    assert account.service.url == "https://a.table.core.net"


def test_a_signature_can_stand_in_for_the_key() -> None:
    signature = f"TableEndpoint={ADDRESS};SharedAccessSignature=sv=2019-02-02&sig=x"
    assert Connection.read({"EO_TABLES": signature}).open().service.url.startswith(ADDRESS)


@pytest.mark.parametrize(
    "name",
    [
        "EO_TABLES__tableServiceUri",
        "EO_TABLES__serviceUri",
        "EO_TABLES__TABLESERVICEURI",
    ],
)
def test_an_address_is_used_with_an_identity(name: str) -> None:
    account = Connection.read({name: ADDRESS}).open()
    assert account.service.url == ADDRESS
    assert isinstance(account.credential, DefaultAzureCredential)
    settings = {name: ADDRESS, "EO_TABLES__credential": "managedidentity"}
    account = Connection.read(settings).open()
    assert isinstance(account.credential, ManagedIdentityCredential)


def test_a_user_assigned_identity_is_named_by_its_client_id() -> None:
    connection = Connection.read(
        {
            "EO_TABLES__tableServiceUri": ADDRESS,
            "EO_TABLES__clientId": "6f1c2a4e",
            "EO_TABLES__credential": "managedidentity",
        }
    )
    assert connection == Connection("", ADDRESS, Identity("6f1c2a4e", managed_only=True))


def test_an_identity_needs_a_package_that_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity.aio", None)
    connection = Connection.read({"EO_TABLES__tableServiceUri": ADDRESS})
    with pytest.raises(ValueError, match=r"EO_TABLES__tableServiceUri .* azure-identity"):
        connection.open()


@pytest.mark.parametrize("environ", [{}, {"EO_TABLES": ""}, {"AzureWebJobsStorage": STRING}])
def test_a_missing_connection_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="EO_TABLES is not set"):
        Connection.read(environ)


@pytest.mark.parametrize("text", ["nonsense", "AccountName=a", "TableEndpoint=;AccountKey=x"])
def test_a_connection_string_that_makes_no_sense_is_named_but_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="EO_TABLES cannot be used") as failure:
        Connection.read({"EO_TABLES": text}).open()
    assert "AccountKey=x" not in str(failure.value)


def test_a_credential_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="EO_TABLES__credential is 'azurecli'"):
        Connection.read({"EO_TABLES": STRING, "EO_TABLES__credential": "azurecli"})


def test_a_connection_does_not_show_its_secret() -> None:
    assert "a2V5" not in repr(Connection.read({"EO_TABLES": STRING}))
