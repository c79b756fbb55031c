// Everything that the app needs on Azure, in one resource group. How to deploy it: docs/deploy.md.
targetScope = 'subscription'

@description('Name of this installation, as in `todos-prod`. Resource names are derived from it.')
@minLength(1)
@maxLength(32)
param environmentName string

@description('Region of everything. It must offer Flex Consumption and, with zoneRedundant, availability zones.')
@minLength(1)
param location string

@description('Version of Python that the app runs on.')
@allowed(['3.11', '3.12', '3.13'])
param pythonVersion string = '3.12'

@description('Spread the instances of the app over availability zones. Promise R7 (a zone may be lost) needs true; it costs at least two instances that are always ready.')
param zoneRedundant bool = true

@description('Instances always ready to answer HTTP requests. 0 lets the app scale to nothing and makes the first caller wait.')
@minValue(0)
@maxValue(100)
param alwaysReadyHttp int = 2

@description('Instances always ready to run orchestrations, entities and activities. More than the partitions of the task hub (8) are of no use.')
@minValue(0)
@maxValue(8)
param alwaysReadyDurable int = 2

@description('Memory of an instance, in MB; it also decides about its share of a CPU.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Instances at most. A bound on cost: requests beyond it wait or are turned away before they are accepted.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 100

@description('Redundancy of the account with the host and the task hub. Losing it loses no accepted request.')
@allowed(['Standard_ZRS', 'Standard_GZRS', 'Standard_LRS'])
param hubRedundancy string = 'Standard_ZRS'

@description('Redundancy of the account with the log. With Standard_GZRS a forced fail-over may lose the last rows: docs/operations.md says what then holds.')
@allowed(['Standard_ZRS', 'Standard_GZRS', 'Standard_RAGZRS'])
param logRedundancy string = 'Standard_ZRS'

@description('Name of the task hub. A new name starts with an empty hub; accepted requests are taken up again from the inbox.')
@minLength(3)
@maxLength(45)
param taskHubName string = 'TodosV1'

@description('Engine of Durable Functions: Azure Storage, in the account of the hub, or the managed Durable Task Scheduler.')
@allowed(['azureStorage', 'durableTaskScheduler'])
param durableBackend string = 'azureStorage'

@description('Event hub that requests come from; empty for none.')
param requestsHub string = 'todo-requests'

@description('Event hub that TODOs are published to; empty for none.')
param eventsHub string = 'todo-events'

@description('Partitions of each event hub. Fixed for its life, and with it the order of published TODOs.')
@minValue(1)
@maxValue(32)
param eventHubPartitions int = 8

@description('Hours for which events of requests are kept: how long the store may be down before any are lost. Standard keeps up to 7 days.')
@minValue(1)
@maxValue(168)
param eventRetentionHours int = 168

@description('Throughput units that the namespace may grow to by itself; it starts with 1.')
@minValue(1)
@maxValue(40)
param eventHubUnitsMax int = 4

@description('Reach both storage accounts and Event Hubs through private endpoints only. The API of the app itself stays public.')
param privateNetwork bool = false

@description('Days for which logs and telemetry are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('GB of telemetry per day after which none is taken any more; a bound on cost.')
@minValue(1)
param telemetryDailyGb int = 5

@description('Who is told of alarms by mail; empty for nobody.')
param alertEmail string = ''

@description('Settings of the app that differ from their defaults, by name: docs/operations.md lists them.')
param settings object = {}

@description('Tables of the app in the account of the log, by the setting that names them. The identity may write to these and to nothing else there.')
param tables object = {
  TODO_INBOX_TABLE: 'inbox'
  TODO_LOG_TABLE: 'todos'
  TODO_DEADLETTERS_TABLE: 'deadletters'
  TODO_PUBLISHING_TABLE: 'publishing'
}

@description('Tags of every resource.')
param tags object = {}

var token = toLower(uniqueString(subscription().id, environmentName, location))
var allTags = union(tags, { 'azd-env-name': environmentName })
var hasEventHubs = !empty(requestsHub) || !empty(eventsHub)
var hasScheduler = durableBackend == 'durableTaskScheduler'
var consumerGroup = 'todos'
var deploymentContainer = 'app-package'

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-${token}'
    location: location
    tags: allTags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-${token}'
    componentName: 'appi-${token}'
    location: location
    tags: allTags
    retentionDays: logRetentionDays
    dailyGb: telemetryDailyGb
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: allTags
    componentName: monitoring.outputs.componentName
    email: alertEmail
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: allTags
    componentName: monitoring.outputs.componentName
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-${token}'
    location: location
    tags: allTags
  }
}

module hubStorage 'modules/storage.bicep' = {
  name: 'hub-storage'
  scope: group
  params: {
    name: 'sthub${token}'
    location: location
    tags: allTags
    redundancy: hubRedundancy
    containers: [deploymentContainer]
    publicNetwork: !privateNetwork
  }
}

module logStorage 'modules/storage.bicep' = {
  name: 'log-storage'
  scope: group
  params: {
    name: 'stlog${token}'
    location: location
    tags: allTags
    redundancy: logRedundancy
    tables: map(items(tables), each => each.value)
    publicNetwork: !privateNetwork
    locked: true
  }
}

module eventHubs 'modules/event-hubs.bicep' = if (hasEventHubs) {
  name: 'event-hubs'
  scope: group
  params: {
    name: 'evhns-${token}'
    location: location
    tags: allTags
    requestsHub: requestsHub
    eventsHub: eventsHub
    consumerGroup: consumerGroup
    partitions: eventHubPartitions
    retentionHours: eventRetentionHours
    unitsMax: eventHubUnitsMax
    principalId: identity.outputs.principalId
    publicNetwork: !privateNetwork
  }
}

module scheduler 'modules/scheduler.bicep' = if (hasScheduler) {
  name: 'scheduler'
  scope: group
  params: {
    name: 'dts-${token}'
    location: location
    tags: allTags
    taskHubName: taskHubName
    principalId: identity.outputs.principalId
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    principalId: identity.outputs.principalId
    hubStorageName: hubStorage.outputs.name
    logStorageName: logStorage.outputs.name
    tables: map(items(tables), each => each.value)
    componentName: monitoring.outputs.componentName
  }
}

module privateEndpoints 'modules/private-endpoints.bicep' = if (privateNetwork) {
  name: 'private-endpoints'
  scope: group
  params: {
    location: location
    tags: allTags
    networkId: privateNetwork ? network!.outputs.id : ''
    subnetId: privateNetwork ? network!.outputs.endpointsSubnetId : ''
    hubStorageId: hubStorage.outputs.id
    logStorageId: logStorage.outputs.id
    eventHubsId: hasEventHubs ? eventHubs!.outputs.id : ''
  }
}

module app 'modules/function-app.bicep' = {
  name: 'function-app'
  scope: group
  // Without its roles the app starts, fails and is restarted until they are there.
  dependsOn: [roles, privateEndpoints]
  params: {
    name: 'func-${token}'
    planName: 'plan-${token}'
    location: location
    tags: union(allTags, { 'azd-service-name': 'app' })
    pythonVersion: pythonVersion
    zoneRedundant: zoneRedundant
    alwaysReadyHttp: alwaysReadyHttp
    alwaysReadyDurable: alwaysReadyDurable
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    hubEndpoints: hubStorage.outputs.endpoints
    logEndpoints: logStorage.outputs.endpoints
    deploymentContainer: deploymentContainer
    insightsConnection: monitoring.outputs.connectionString
    taskHubName: taskHubName
    schedulerEndpoint: hasScheduler ? scheduler!.outputs.endpoint : ''
    eventHubsHost: hasEventHubs ? eventHubs!.outputs.host : ''
    requestsHub: requestsHub
    eventsHub: eventsHub
    consumerGroup: consumerGroup
    tables: tables
    settings: settings
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
  }
}

@description('Resource group that holds everything; deleting it removes the installation.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name for `func azure functionapp publish`.')
output AZURE_FUNCTION_APP_NAME string = app.outputs.name

@description('Base address of the API.')
output TODO_BASE_URL string = 'https://${app.outputs.host}'

@description('Account of the host and the task hub.')
output AZURE_HUB_STORAGE_ACCOUNT string = hubStorage.outputs.name

@description('Account of inbox, log and dead letters.')
output AZURE_LOG_STORAGE_ACCOUNT string = logStorage.outputs.name

@description('For the commands of tools/ run by an operator who is signed in.')
output TodoTables__tableServiceUri string = logStorage.outputs.endpoints.table

@description('Namespace for producers and consumers; empty when there are no event hubs.')
output EventHubs__fullyQualifiedNamespace string = hasEventHubs ? eventHubs!.outputs.host : ''
