// The Durable Task Scheduler, instead of queues and tables in the account of the hub. Not run by us yet.

@description('Name of the scheduler.')
param name string

@description('Region; it must offer the scheduler.')
param location string

@description('Tags.')
param tags object

@description('Name of the task hub.')
param taskHubName string

@description('Addresses that may call it, as CIDR ranges. An empty list lets nobody in.')
param addresses array

@description('Object id of the identity of the app.')
param principalId string

var durableTaskDataContributor = '0ad04412-c4d5-4796-b79c-f76d14c8d402'

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'Consumption'
    }
    // Who gets in still needs the role below.
    ipAllowlist: addresses
  }
}

resource taskHub 'Microsoft.DurableTask/schedulers/taskHubs@2025-11-01' = {
  parent: scheduler
  name: taskHubName
}

resource mayUseTheTaskHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(taskHub.id, principalId, durableTaskDataContributor)
  scope: taskHub
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', durableTaskDataContributor)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

@description('Address of the scheduler.')
output endpoint string = scheduler.properties.endpoint
