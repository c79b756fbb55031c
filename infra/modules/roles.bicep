// What the identity of the app may do in storage and telemetry, and nothing more.

@description('Object id of the identity.')
param principalId string

@description('Account of the host and the task hub.')
param hubStorageName string

@description('Account of the log.')
param logStorageName string

@description('Tables of the app in the account of the log.')
param tables array

@description('Application Insights component.')
param componentName string

// The Functions host keeps leases, keys and the checkpoints of Event Hubs in blobs, and Microsoft
// names this role as the one that it needs; Durable Functions needs queues and tables of its own.
var hubRoles = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}
var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

resource hubStorage 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: hubStorageName
}

resource logStorage 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: logStorageName
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' existing = {
  parent: logStorage
  name: 'default'
}

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' existing = [
  for each in tables: {
    parent: tableService
    name: each
  }
]

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource mayRunTheHost 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in items(hubRoles): {
    name: guid(hubStorage.id, principalId, role.value)
    scope: hubStorage
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.value)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource mayWriteTheTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (each, i) in tables: {
    name: guid(logStorage.id, each, principalId, hubRoles.storageTableDataContributor)
    scope: table[i]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', hubRoles.storageTableDataContributor)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource maySendTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(component.id, principalId, monitoringMetricsPublisher)
  scope: component
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
