// The namespace with the hub that requests come from and the hub that entries are published to, and
// what the identity of the app may do with them: receive from one, send to the other.

@description('Name of the namespace.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Hub of requests; empty for none.')
param requestsHub string

@description('Hub of entries; empty for none.')
param eventsHub string

@description('Consumer group of the app in the hub of requests.')
param consumerGroup string

@description('Partitions of each hub.')
param partitions int

@description('Hours for which events are kept.')
param retentionHours int

@description('Throughput units that it has now; each deployment sets them again.')
param units int

@description('Whether it is spread over zones.')
param zoneRedundant bool

@description('Throughput units that the namespace may grow to.')
param unitsMax int

@description('Object id of the identity of the app.')
param principalId string

@description('Whether the namespace answers outside of private endpoints.')
param publicNetwork bool

var eventHubsDataReceiver = 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde'
var eventHubsDataSender = '2b629674-e913-4c01-ae53-ef4638d8f975'
var hubs = filter([requestsHub, eventsHub], each => !empty(each))

resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  // Basic has no consumer group of one's own, and keeps events for a day.
  sku: {
    name: 'Standard'
    tier: 'Standard'
    capacity: units
  }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    zoneRedundant: zoneRedundant
    isAutoInflateEnabled: unitsMax > units
    maximumThroughputUnits: unitsMax > units ? unitsMax : 0
    publicNetworkAccess: publicNetwork ? 'Enabled' : 'Disabled'
  }
}

// One after the other: the namespace takes one change at a time.
@batchSize(1)
resource hub 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' = [
  for each in hubs: {
    parent: namespace
    name: each
    properties: {
      partitionCount: partitions
      retentionDescription: {
        cleanupPolicy: 'Delete'
        retentionTimeInHours: retentionHours
      }
    }
  }
]

resource requests 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' existing = {
  parent: namespace
  name: empty(requestsHub) ? 'none' : requestsHub
}

resource consumers 'Microsoft.EventHub/namespaces/eventhubs/consumergroups@2024-01-01' = if (!empty(requestsHub)) {
  parent: requests
  name: consumerGroup
  dependsOn: [hub]
}

resource events 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' existing = {
  parent: namespace
  name: empty(eventsHub) ? 'none' : eventsHub
}

resource mayReceive 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(requestsHub)) {
  name: guid(requests.id, principalId, eventHubsDataReceiver)
  scope: requests
  dependsOn: [hub]
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', eventHubsDataReceiver)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource maySend 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(eventsHub)) {
  name: guid(events.id, principalId, eventHubsDataSender)
  scope: events
  dependsOn: [hub]
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', eventHubsDataSender)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

@description('Resource id.')
output id string = namespace.id

@description('Host name of the namespace.')
output host string = replace(replace(replace(namespace.properties.serviceBusEndpoint, 'https://', ''), ':443', ''), '/', '')
