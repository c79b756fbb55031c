"""Keys, roles, transport and redundancy, as the templates set them."""

import re
from pathlib import Path

import pytest

from tests.infra.bicep import INFRA, Declaration, Template, read, templates

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

GRANTED = {
    ("hubStorage", "Storage Blob Data Owner"),
    ("hubStorage", "Storage Queue Data Contributor"),
    ("hubStorage", "Storage Table Data Contributor"),
    ("table[i]", "Storage Table Data Contributor"),
    ("component", "Monitoring Metrics Publisher"),
    ("requests", "Azure Event Hubs Data Receiver"),
    ("events", "Azure Event Hubs Data Sender"),
    ("taskHub", "Durable Task Data Contributor"),
}

MAIN = read(INFRA / "main.bicep")


def module(name: str) -> Template:
    return read(INFRA / "modules" / f"{name}.bicep")


def made(kind: str) -> list[Declaration]:
    """Return the resources of a type, with the properties that each has."""
    return [
        resource
        for template in templates()
        for resource in template.of("resource").values()
        if resource.target.startswith(f"{kind}@") and not resource.existing
    ]


def has(resource: Declaration, line: str) -> bool:
    return bool(re.search(rf"^\s+{re.escape(line)}$", resource.text, re.MULTILINE))


def granted(template: Template) -> set[tuple[str, str]]:
    """Return what role assignments give: the scope, and the roles that it is given."""
    found: set[tuple[str, str]] = set()
    for resource in template.of("resource").values():
        if resource.target.startswith("Microsoft.Authorization/roleAssignments@"):
            scope = re.search(r"^\s+scope: (\S+)$", resource.text, re.MULTILINE)
            role = re.search(
                r"'Microsoft.Authorization/roleDefinitions', ([\w.]+)\)", resource.text
            )
            assert scope, resource.name
            assert role, resource.name
            found |= {(scope[1], ROLES[each]) for each in ids(template, resource, role[1])}
    return found


def ids(template: Template, resource: Declaration, expression: str) -> set[str]:
    """Look the ids up: a variable, one property of it, or, in a loop, all of them."""
    loop = re.search(r"for role in items\((\w+)\)", resource.text)
    variable, _, key = expression.partition(".")
    text = template.of("var")[loop[1] if loop else variable].text
    line = rf"\b{key}: '([0-9a-f-]{{36}})'" if key and not loop else r"'([0-9a-f-]{36})'"
    return set(re.findall(line, text))


def test_the_identity_has_these_roles_and_no_other() -> None:
    assert set().union(*(granted(template) for template in templates())) == GRANTED


def test_every_role_is_given_to_the_identity_of_the_app() -> None:
    for assignment in made("Microsoft.Authorization/roleAssignments"):
        assert "principalId: principalId\n" in assignment.text
        assert "principalType: 'ServicePrincipal'\n" in assignment.text
    for name in ("roles", "eventHubs", "scheduler"):
        call = MAIN.of("module")[name].text
        assert "principalId: identity.outputs.principalId\n" in call


def test_the_app_acts_as_the_identity_that_has_the_roles() -> None:
    call = MAIN.of("module")["app"].text
    assert "identityId: identity.outputs.id\n" in call
    assert "identityClientId: identity.outputs.clientId\n" in call
    assert "dependsOn: [roles, privateEndpoints]" in call


@pytest.mark.parametrize(
    "line",
    [
        "allowSharedKeyAccess: false",
        "allowBlobPublicAccess: false",
        "allowCrossTenantReplication: false",
        "minimumTlsVersion: 'TLS1_2'",
        "supportsHttpsTrafficOnly: true",
    ],
)
def test_a_storage_account_takes_neither_keys_nor_plain_text(line: str) -> None:
    accounts = made("Microsoft.Storage/storageAccounts")
    assert accounts
    assert all(has(account, line) for account in accounts)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("Microsoft.EventHub/namespaces", "disableLocalAuth: true"),
        ("Microsoft.EventHub/namespaces", "minimumTlsVersion: '1.2'"),
        ("Microsoft.EventHub/namespaces", "zoneRedundant: true"),
        ("Microsoft.Insights/components", "DisableLocalAuth: true"),
        ("Microsoft.OperationalInsights/workspaces", "disableLocalAuth: true"),
        ("Microsoft.Storage/storageAccounts/blobServices/containers", "publicAccess: 'None'"),
        ("Microsoft.Web/serverfarms", "name: 'FC1'"),
        ("Microsoft.Web/serverfarms", "zoneRedundant: zoneRedundant"),
        ("Microsoft.Web/sites", "httpsOnly: true"),
        ("Microsoft.Web/sites", "minTlsVersion: '1.2'"),
        ("Microsoft.Web/sites", "ftpsState: 'Disabled'"),
        ("Microsoft.Web/sites", "type: 'UserAssigned'"),
        ("Microsoft.Web/sites", "type: 'UserAssignedIdentity'"),
    ],
)
def test_what_holds_for_every_resource_of_a_type(kind: str, line: str) -> None:
    resources = made(kind)
    assert resources
    assert all(has(resource, line) for resource in resources)


def test_nobody_publishes_with_a_password() -> None:
    app = made("Microsoft.Web/sites")[0].text
    policies = re.findall(
        r"'basicPublishingCredentialsPolicies' = \{(.*?allow: \w+)", app, re.DOTALL
    )
    assert [policy.rpartition(" ")[2] for policy in policies] == ["false", "false"]


@pytest.mark.parametrize("path", sorted(INFRA.rglob("*.bicep*")), ids=lambda path: path.name)
def test_no_secret_is_made_read_or_passed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"list[A-Z]\w*\(|@secure\(|SharedAccessKey|AccountKey|password:", text)


def test_hub_and_log_are_in_accounts_of_their_own() -> None:
    calls = [MAIN.of("module")[name].text for name in ("hubStorage", "logStorage")]
    names = [re.findall(r"name: '(\w+\$\{token\})'", call)[0] for call in calls]
    assert len(set(names)) == 2
    assert "locked: true" in calls[1]


def test_a_zone_may_be_lost_unless_somebody_says_otherwise() -> None:
    params = MAIN.of("param")
    assert params["zoneRedundant"].default == "true"
    assert params["hubRedundancy"].default == "'Standard_ZRS'"
    assert params["logRedundancy"].default == "'Standard_ZRS'"


def test_the_log_is_never_in_one_zone_only() -> None:
    allowed = re.findall(r"'(Standard_\w+)'", MAIN.of("param")["logRedundancy"].decorators)
    assert allowed
    assert all("ZRS" in each for each in allowed)


def test_a_private_network_closes_storage_and_event_hubs_to_the_public() -> None:
    for name in ("hubStorage", "logStorage", "eventHubs"):
        assert "publicNetwork: !privateNetwork\n" in MAIN.of("module")[name].text
    for name in ("storage", "event-hubs"):
        line = "publicNetworkAccess: publicNetwork ? 'Enabled' : 'Disabled'"
        assert line in module(name).text


def test_in_a_private_network_the_app_reaches_all_that_it_calls() -> None:
    text = module("private-endpoints").text
    kinds = set(re.findall(r"'[\w-]+': \{ target: (\w+), kind: '(\w+)' \}", text))
    assert kinds == {
        *(("hubStorageId", service) for service in ("blob", "queue", "table")),
        ("logStorageId", "table"),
        ("eventHubsId", "namespace"),
    }
    zones = set(re.findall(r"(\w+): 'privatelink\.", text))
    assert zones == {kind for _, kind in kinds}
