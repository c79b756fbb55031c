// The namespace with the hubs that requests come from and the hubs that entries are published to, and
// what the identity of the app may do with them: receive from those, send to these.

@description('Name of the namespace.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Hubs of requests.')
param requestsHubs array

@description('Hubs of entries.')
param eventsHubs array

@description('Consumer group of the app in the hubs of requests.')
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
var hubs = concat(requestsHubs, eventsHubs)

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

resource requests 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' existing = [
  for each in requestsHubs: {
    parent: namespace
    name: each
  }
]

resource consumers 'Microsoft.EventHub/namespaces/eventhubs/consumergroups@2024-01-01' = [
  for (each, i) in requestsHubs: {
    parent: requests[i]
    name: consumerGroup
    dependsOn: [hub]
  }
]

resource events 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' existing = [
  for each in eventsHubs: {
    parent: namespace
    name: each
  }
]

resource mayReceive 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (each, i) in requestsHubs: {
    name: guid(requests[i].id, principalId, eventHubsDataReceiver)
    scope: requests[i]
    dependsOn: [hub]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', eventHubsDataReceiver)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource maySend 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (each, i) in eventsHubs: {
    name: guid(events[i].id, principalId, eventHubsDataSender)
    scope: events[i]
    dependsOn: [hub]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', eventHubsDataSender)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

@description('Resource id.')
output id string = namespace.id

@description('Host name of the namespace.')
output host string = replace(replace(replace(namespace.properties.serviceBusEndpoint, 'https://', ''), ':443', ''), '/', '')
