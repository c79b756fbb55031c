"""Keys, roles, transport, redundancy and names, in each of the four installations."""

import re
from typing import Any

import pytest

from tests.infra.bicep.deployment import Resource
from tests.infra.bicep.syntax import INFRA
from tests.infra.sets import SETS, of_kind, only, resources, settings

ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "a638d3c7-ab3a-418d-83e6-5f17a39d4fde": "Azure Event Hubs Data Receiver",
    "2b629674-e913-4c01-ae53-ef4638d8f975": "Azure Event Hubs Data Sender",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "0ad04412-c4d5-4796-b79c-f76d14c8d402": "Durable Task Data Contributor",
}
"""Built-in roles of Azure that the app may have: none of them manages anything."""

TABLES = ("todos", "todosinbox", "todosdeadletters", "todospublications")

every_set = pytest.mark.parametrize("name", SETS)


def granted(name: str) -> set[tuple[str, str]]:
    """Return what role assignments give: the end of the scope's name, and the role."""
    found: set[tuple[str, str]] = set()
    for each in of_kind(name, "Microsoft.Authorization/roleAssignments"):
        role = each.properties["properties"]["roleDefinitionId"].rpartition("/")[2]
        found.add((short(each.properties["scope"]), ROLES[role]))
    return found


def short(resource: Resource) -> str:
    """Return the last part of a name, without what makes it unique."""
    return re.sub(r"-?[0-9a-f]{13}$", "", resource.name.rpartition("/")[2])


def always(tables: tuple[str, ...]) -> set[tuple[str, str]]:
    return {
        ("sthub", "Storage Blob Data Owner"),
        ("sthub", "Storage Queue Data Contributor"),
        ("sthub", "Storage Table Data Contributor"),
        ("appi", "Monitoring Metrics Publisher"),
        *((table, "Storage Table Data Contributor") for table in tables),
    }


EVENTS = {
    ("requests", "Azure Event Hubs Data Receiver"),
    ("entries", "Azure Event Hubs Data Sender"),
}


@pytest.mark.parametrize(
    ("name", "roles"),
    [
        ("default", always(TABLES)),
        ("trial", always(TABLES)),
        ("flex", always(TABLES) | EVENTS),
        (
            "everything",
            always((*TABLES, *(each.replace("todos", "invoices") for each in TABLES)))
            | {
                (f"{hub}-{plural}", role)
                for hub, role in EVENTS
                for plural in ("todos", "invoices")
            }
            | {("HubV2", "Durable Task Data Contributor")},
        ),
    ],
)
def test_identity_has_these_roles_and_no_other(name: str, roles: set[tuple[str, str]]) -> None:
    assert granted(name) == roles


@every_set
def test_every_role_is_given_to_the_identity_of_the_app(name: str) -> None:
    identity = only(name, "Microsoft.ManagedIdentity/userAssignedIdentities")
    for each in of_kind(name, "Microsoft.Authorization/roleAssignments"):
        assert (
            each.properties["properties"]["principalId"]
            == f"<{identity.name}>.properties.principalId"
        )
        assert each.properties["properties"]["principalType"] == "ServicePrincipal"
    site = only(name, "Microsoft.Web/sites")
    assert list(site.properties["identity"]["userAssignedIdentities"]) == [identity.member("id")]


@every_set
def test_storage_takes_neither_keys_nor_plain_text(name: str) -> None:
    accounts = of_kind(name, "Microsoft.Storage/storageAccounts")
    assert len(accounts) == 2  # losing the task hub must not lose the log
    for account in accounts:
        found = account.properties["properties"]
        assert found["allowSharedKeyAccess"] is False
        assert found["allowBlobPublicAccess"] is False
        assert found["allowCrossTenantReplication"] is False
        assert found["supportsHttpsTrafficOnly"] is True
        assert found["minimumTlsVersion"] == "TLS1_2"


@every_set
def test_keys_and_passwords_are_off(name: str) -> None:
    for each in of_kind(name, "Microsoft.EventHub/namespaces"):
        assert each.properties["properties"]["disableLocalAuth"] is True
        assert each.properties["properties"]["minimumTlsVersion"] == "1.2"
    telemetry = only(name, "Microsoft.Insights/components").properties["properties"]
    assert telemetry["DisableLocalAuth"] is True
    workspace = only(name, "Microsoft.OperationalInsights/workspaces").properties["properties"]
    assert workspace["features"]["disableLocalAuth"] is True
    policies = of_kind(name, "Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert [each.properties["properties"]["allow"] for each in policies] == [False, False]


@every_set
def test_app_answers_over_tls_only(name: str) -> None:
    site = only(name, "Microsoft.Web/sites").properties["properties"]
    assert site["httpsOnly"] is True
    assert site["siteConfig"]["minTlsVersion"] == site["siteConfig"]["scmMinTlsVersion"] == "1.2"


@pytest.mark.parametrize("path", sorted(INFRA.rglob("*.bicep*")), ids=lambda path: path.name)
def test_no_secret_is_made_read_or_passed(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\.list[A-Z]\w*\(|@secure\(|SharedAccessKey|AccountKey|password:", text)


@every_set
def test_setting_holds_no_secret(name: str) -> None:
    for setting, value in settings(name).items():
        assert not re.search(r"(?i)key=|secret|password|sig=", value), setting


@pytest.mark.parametrize(
    ("name", "hub", "log", "app"),
    [
        ("default", "Standard_ZRS", "Standard_ZRS", True),
        ("trial", "Standard_LRS", "Standard_LRS", False),
        ("flex", "Standard_ZRS", "Standard_ZRS", True),
        ("everything", "Standard_ZRS", "Standard_GZRS", True),
    ],
)
def test_redundancies_fit_each_other(name: str, hub: str, log: str, app: bool) -> None:  # noqa: FBT001
    skus = {
        short(each): each.properties["sku"]["name"]
        for each in of_kind(name, "Microsoft.Storage/storageAccounts")
    }
    assert skus == {"sthub": hub, "stlog": log}
    assert only(name, "Microsoft.Web/serverfarms").properties["properties"]["zoneRedundant"] is app
    for each in of_kind(name, "Microsoft.EventHub/namespaces"):
        assert each.properties["properties"]["zoneRedundant"] is True


@every_set
def test_account_of_the_log_alone_is_locked(name: str) -> None:
    lock = only(name, "Microsoft.Authorization/locks")
    assert short(lock.properties["scope"]) == "stlog"
    assert lock.properties["properties"]["level"] == "CanNotDelete"


@every_set
def test_private_network_closes_storage_and_event_hubs(name: str) -> None:
    closed = SETS[name].get("privateNetwork", False)
    kinds = ("Microsoft.Storage/storageAccounts", "Microsoft.EventHub/namespaces")
    for each in (each for kind in kinds for each in of_kind(name, kind)):
        access = each.properties["properties"]["publicNetworkAccess"]
        assert access == ("Disabled" if closed else "Enabled")


def test_in_a_private_network_the_app_reaches_all_that_it_calls() -> None:
    endpoints = {
        (short_id(link["properties"]["privateLinkServiceId"]), link["properties"]["groupIds"][0])
        for each in of_kind("everything", "Microsoft.Network/privateEndpoints")
        for link in each.properties["properties"]["privateLinkServiceConnections"]
    }
    hub = {("sthub", service) for service in ("blob", "queue", "table")}
    assert endpoints == hub | {("stlog", "table"), ("evhns", "namespace")}
    zones = {each.name for each in of_kind("everything", "Microsoft.Network/privateDnsZones")}
    assert zones == {
        *(f"privatelink.{each}.core.windows.net" for each in ("blob", "queue", "table")),
        "privatelink.servicebus.windows.net",
    }
    site = only("everything", "Microsoft.Web/sites").properties["properties"]
    assert site["virtualNetworkSubnetId"].endswith("/app")


def short_id(resource: str) -> str:
    return re.sub(r"-?[0-9a-f]{13}$", "", resource.rpartition("/")[2])


@pytest.mark.parametrize(
    ("hosting", "service"),
    [("flex", "Microsoft.App/environments"), ("plan", "Microsoft.Web/serverFarms")],
)
def test_subnet_belongs_to_the_service_that_hosts_the_app(hosting: str, service: str) -> None:
    from tests.infra.bicep.deployment import deploy

    network = [
        each
        for each in deploy(hosting=hosting, privateNetwork=True).resources()
        if each.kind == "Microsoft.Network/virtualNetworks"
    ]
    subnet = network[0].properties["properties"]["subnets"][0]["properties"]
    assert subnet["delegations"][0]["properties"]["serviceName"] == service


def test_tag_that_azd_deploys_to_is_on_the_site_only() -> None:
    for name in SETS:
        tagged = [
            each.kind
            for each in resources(name)
            if "azd-service-name" in each.properties.get("tags", {})
        ]
        assert tagged == ["Microsoft.Web/sites"]


def test_sign_in_guards_all_but_health_and_the_document() -> None:
    found = only("everything", "Microsoft.Web/sites/config").properties["properties"]
    validation = found["globalValidation"]
    assert validation["requireAuthentication"] is True
    assert validation["unauthenticatedClientAction"] == "Return401"
    assert validation["excludedPaths"] == ["/api/health", "/api/openapi.json"]
    registration = found["identityProviders"]["azureActiveDirectory"]["registration"]
    client = SETS["everything"]["signInClientId"]
    assert registration["clientId"] == client
    assert registration["openIdIssuer"].startswith("https://login.microsoftonline.com/0")
    assert not of_kind("default", "Microsoft.Web/sites/config")


def test_only_allowed_addresses_reach_the_app() -> None:
    def site(name: str) -> dict[str, Any]:
        found = only(name, "Microsoft.Web/sites").properties["properties"]["siteConfig"]
        assert isinstance(found, dict)
        return found

    assert site("everything")["ipSecurityRestrictionsDefaultAction"] == "Deny"
    [rule] = site("everything")["ipSecurityRestrictions"]
    assert rule["ipAddress"] == "203.0.113.0/24"
    assert site("default")["ipSecurityRestrictionsDefaultAction"] == "Allow"
    assert site("default")["ipSecurityRestrictions"] == []


def test_every_access_to_the_log_can_be_recorded() -> None:
    found = only("everything", "Microsoft.Insights/diagnosticSettings").properties
    assert found["scope"].name.startswith("stlog")
    logs = {each["category"] for each in found["properties"]["logs"] if each["enabled"]}
    assert logs == {"StorageRead", "StorageWrite", "StorageDelete"}
    assert not of_kind("default", "Microsoft.Insights/diagnosticSettings")


@every_set
def test_names_fit_what_azure_allows(name: str) -> None:
    for each in of_kind(name, "Microsoft.Storage/storageAccounts"):
        assert re.fullmatch(r"[a-z0-9]{3,24}", each.name)
    for each in of_kind(name, "Microsoft.Storage/storageAccounts/tableServices/tables"):
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{2,62}", each.name.rpartition("/")[2])
    for each in of_kind(name, "Microsoft.Insights/actionGroups"):
        assert len(each.properties["properties"]["groupShortName"]) <= 12
