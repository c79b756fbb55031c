// Private endpoints of what the app calls, and the names they are found by.

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Virtual network that the names are known in.')
param networkId string

@description('Subnet that the endpoints are in.')
param subnetId string

@description('Account of the host and the task hub.')
param hubStorageId string

@description('Account of the log.')
param logStorageId string

@description('Event Hubs namespace; empty for none.')
param eventHubsId string

var suffix = environment().suffixes.storage
var zones = union(
  {
    blob: 'privatelink.blob.${suffix}'
    queue: 'privatelink.queue.${suffix}'
    table: 'privatelink.table.${suffix}'
  },
  empty(eventHubsId) ? {} : { namespace: 'privatelink.servicebus.windows.net' }
)
var endpoints = union(
  {
    'hub-blob': { target: hubStorageId, kind: 'blob' }
    'hub-queue': { target: hubStorageId, kind: 'queue' }
    'hub-table': { target: hubStorageId, kind: 'table' }
    'log-table': { target: logStorageId, kind: 'table' }
  },
  empty(eventHubsId) ? {} : { 'event-hubs': { target: eventHubsId, kind: 'namespace' } }
)

resource zone 'Microsoft.Network/privateDnsZones@2020-06-01' = [
  for each in items(zones): {
    name: each.value
    location: 'global'
    tags: tags
  }
]

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-06-01' = [
  for (each, i) in items(zones): {
    parent: zone[i]
    name: 'app'
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: {
        id: networkId
      }
    }
  }
]

resource endpoint 'Microsoft.Network/privateEndpoints@2024-01-01' = [
  for each in items(endpoints): {
    name: 'pe-${each.key}'
    location: location
    tags: tags
    properties: {
      subnet: {
        id: subnetId
      }
      privateLinkServiceConnections: [
        {
          name: each.key
          properties: {
            privateLinkServiceId: each.value.target
            groupIds: [each.value.kind]
          }
        }
      ]
    }
  }
]

resource registration 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-01-01' = [
  for (each, i) in items(endpoints): {
    parent: endpoint[i]
    name: 'default'
    dependsOn: [zone]
    properties: {
      privateDnsZoneConfigs: [
        {
          name: each.value.kind
          properties: {
            privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', zones[each.value.kind])
          }
        }
      ]
    }
  }
]
