// Everything that the app needs on Azure, in one resource group. How to deploy it: docs/operate/deploy.md.
targetScope = 'subscription'

@description('A domain of the app: the names that tables, queries and the workbook are made from.')
type domain = {
  @description('Singular, as in log lines and metrics: `todo`.')
  name: string
  @description('Plural, in lower-case letters and digits: tables are named after it.')
  plural: string
  @description('Name of the key in the API.')
  key: string
  @description('Name of the entity of Durable Functions.')
  entity: string
}

@description('Name of this installation, as in `todos-prod`. Resource names are derived from it.')
@minLength(1)
@maxLength(32)
param environmentName string

@description('Region of everything. With redundancy `zone` or `region` it must have availability zones; with hosting `flex` it must offer Flex Consumption, in zones if they are asked for.')
@minLength(1)
param location string

@description('Version of Python that the app runs on.')
@allowed(['3.11', '3.12', '3.13'])
param pythonVersion string = '3.12'

@description('Where the app runs. `plan`: instances of an App Service plan, in each of which everything shares a process. `flex`: Flex Consumption, which scales by itself and runs HTTP, Durable Functions and every other trigger on instances of their own.')
@allowed(['plan', 'flex'])
param hosting string = 'plan'

@description('Size of an instance of the plan. Only P sizes can be spread over zones.')
@allowed(['B1', 'B2', 'P0v3', 'P1v3'])
param planSku string = 'P0v3'

@description('Instances of the plan. Two or more are needed to survive a zone, or the restart of one of them.')
@minValue(1)
@maxValue(30)
param planInstances int = 2

@description('What may be lost for good without losing data. `local`: a disk, for trials. `zone`: a zone. `region`: also the region, by a fail-over that may lose the last rows.')
@allowed(['local', 'zone', 'region'])
param redundancy string = 'zone'

@description('Flex Consumption: instances always ready to answer HTTP requests. In zones the platform keeps at least two per function group and bills them, whatever is set here.')
@minValue(0)
@maxValue(100)
param alwaysReadyHttp int = 0

@description('Flex Consumption: instances always ready for orchestrations, entities and activities. More than the partitions of the task hub are of no use.')
@minValue(0)
@maxValue(16)
param alwaysReadyDurable int = 0

@description('Flex Consumption: memory of an instance, in MB; it also decides about its share of a CPU.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Flex Consumption: HTTP requests that one instance takes at a time. The default of the platform for Python is 1, and each POST waits for its entry.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 32

@description('Flex Consumption: instances at most, of each function group by itself.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Domains that the app serves: those that function_app.py names.')
@minLength(1)
param domains domain[] = [
  {
    name: 'todo'
    plural: 'todos'
    key: 'projectId'
    entity: 'Project'
  }
]

@description('Part of the name of the account with the log. A new value makes a new, empty account: for restoring a copy (docs/operate/operations.md#restoring). Letters and digits.')
@maxLength(6)
param logGeneration string = ''

@description('Name of the task hub. A new name starts with an empty hub; accepted requests are taken up again from the inbox.')
@minLength(3)
@maxLength(45)
param taskHubName string = 'HubV2'

@description('What keeps the task hub: queues, blobs and tables of the hub account, or the managed Durable Task Scheduler (not run by us yet; needs another host.json: docs/operate/deploy.md).')
@allowed(['storage', 'scheduler'])
param taskHub string = 'storage'

@description('Addresses that may call the Durable Task Scheduler, as CIDR ranges. It has no private endpoint here.')
param schedulerAddresses string[] = ['0.0.0.0/0']

@description('Event hub that requests come from; empty for none. With several domains each has a hub of its own, with its plural name behind this one.')
param requestsHub string = ''

@description('Event hub that entries are published to; empty for none. With several domains as above.')
param eventsHub string = ''

@description('Partitions of each event hub. Fixed for its life, and with it the order of published entries.')
@minValue(1)
@maxValue(32)
param eventHubPartitions int = 8

@description('Hours for which events of requests are kept: how long the store may be down before any are lost. Standard keeps up to 7 days.')
@minValue(1)
@maxValue(168)
param eventRetentionHours int = 168

@description('Throughput units of the namespace. Each deployment sets them again: give the number that it has grown to.')
@minValue(1)
@maxValue(40)
param eventHubUnits int = 1

@description('Throughput units that the namespace may grow to by itself.')
@minValue(1)
@maxValue(40)
param eventHubUnitsMax int = 4

@description('Reach both storage accounts and Event Hubs through private endpoints only. The API of the app itself stays public.')
param privateNetwork bool = false

@description('Client id of an app registration in Microsoft Entra ID: callers then need a token of it besides their function key. Empty: the key alone.')
param signInClientId string = ''

@description('Tenant that issues these tokens.')
param signInTenantId string = tenant().tenantId

@description('Addresses that may call the API, as CIDR ranges; empty for all.')
param allowedAddresses string[] = []

@description('Days for which logs and telemetry are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('GB of telemetry per day after which none is taken any more; a bound on cost. Its end is an alarm, the last one of that day.')
@minValue(1)
param telemetryDailyGb int = 5

@description('Write every access to the tables of the log to Log Analytics: who read, wrote or deleted what. About 1 KB per operation of the app itself.')
param accessLogs bool = false

@description('Who is told of alarms by mail; empty for nobody.')
param alertEmail string = ''

@description('Whether anything rings at all. Without alarms there is the workbook.')
param alarms bool = true

@description('Ask /api/health from three places every ten minutes.')
param healthProbe bool = true

@description('Settings of the app that differ from their defaults, by name: docs/operate/operations.md lists them.')
param settings { *: string } = {}

@description('Tags of every resource.')
param tags { *: string } = {}

var token = toLower(uniqueString(subscription().id, environmentName, location))
var allTags = union(tags, { 'azd-env-name': environmentName })
var hasEventHubs = !empty(requestsHub) || !empty(eventsHub)
var oneDomain = length(domains) == 1
var ownRequestsHubs = map(domains, each => oneDomain ? requestsHub : '${requestsHub}-${each.plural}')
var ownEventsHubs = map(domains, each => oneDomain ? eventsHub : '${eventsHub}-${each.plural}')
var requestsHubs = empty(requestsHub) ? [] : ownRequestsHubs
var eventsHubs = empty(eventsHub) ? [] : ownEventsHubs
// As the app reads them: `todos=hub1,invoices=hub2`.
var allRequestsHubs = join(map(domains, each => '${each.plural}=${requestsHub}-${each.plural}'), ',')
var allEventsHubs = join(map(domains, each => '${each.plural}=${eventsHub}-${each.plural}'), ',')
var requestsHubSetting = oneDomain || empty(requestsHub) ? requestsHub : allRequestsHubs
var eventsHubSetting = oneDomain || empty(eventsHub) ? eventsHub : allEventsHubs
var hasScheduler = taskHub == 'scheduler'
var inZones = redundancy != 'local'
var appInZones = inZones && (hosting == 'flex' || (startsWith(planSku, 'P') && planInstances > 1))
var hubSku = inZones ? 'Standard_ZRS' : 'Standard_LRS'
var logSku = redundancy == 'region' ? 'Standard_GZRS' : hubSku
var consumerGroup = 'effectively-once'
var deploymentContainer = 'app-package'
var tables = flatten(map(domains, each => [
  each.plural
  '${each.plural}inbox'
  '${each.plural}deadletters'
  '${each.plural}publications'
]))

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

module receivers 'modules/receivers.bicep' = if (!empty(alertEmail)) {
  name: 'receivers'
  scope: group
  params: {
    name: 'ag-${token}'
    tags: allTags
    email: alertEmail
  }
}

module alerts 'modules/alerts.bicep' = if (alarms) {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: allTags
    componentName: monitoring.outputs.componentName
    workspaceId: monitoring.outputs.workspaceId
    domainCount: length(domains)
    receiversId: !empty(alertEmail) ? receivers!.outputs.id : ''
  }
}

module platformAlerts 'modules/platform-alerts.bicep' = if (alarms) {
  name: 'platform-alerts'
  scope: group
  params: {
    location: location
    tags: allTags
    componentName: monitoring.outputs.componentName
    healthAddress: healthProbe ? 'https://${app.outputs.host}/api/health' : ''
    logStorageId: logStorage.outputs.id
    eventHubsId: hasEventHubs ? eventHubs!.outputs.id : ''
    requestsHubs: requestsHubs
    receiversId: !empty(alertEmail) ? receivers!.outputs.id : ''
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: allTags
    componentName: monitoring.outputs.componentName
    domains: domains
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-${token}'
    location: location
    tags: allTags
    delegatedTo: hosting == 'flex' ? 'Microsoft.App/environments' : 'Microsoft.Web/serverFarms'
  }
}

module hubStorage 'modules/storage.bicep' = {
  name: 'hub-storage'
  scope: group
  params: {
    name: 'sthub${token}'
    location: location
    tags: allTags
    sku: hubSku
    containers: [deploymentContainer]
    publicNetwork: !privateNetwork
  }
}

module logStorage 'modules/storage.bicep' = {
  name: 'log-storage'
  scope: group
  params: {
    name: 'stlog${token}${toLower(logGeneration)}'
    location: location
    tags: allTags
    sku: logSku
    tables: tables
    publicNetwork: !privateNetwork
    locked: true
    accessLogsTo: accessLogs ? monitoring.outputs.workspaceId : ''
  }
}

module eventHubs 'modules/event-hubs.bicep' = if (hasEventHubs) {
  name: 'event-hubs'
  scope: group
  params: {
    name: 'evhns-${token}'
    location: location
    tags: allTags
    requestsHubs: requestsHubs
    eventsHubs: eventsHubs
    consumerGroup: consumerGroup
    partitions: eventHubPartitions
    retentionHours: eventRetentionHours
    units: eventHubUnits
    unitsMax: eventHubUnitsMax
    zoneRedundant: inZones
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
    addresses: schedulerAddresses
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
    tables: tables
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
    tags: allTags
    pythonVersion: pythonVersion
    hosting: hosting
    planSku: planSku
    planInstances: planInstances
    zoneRedundant: appInZones
    alwaysReadyHttp: inZones ? max(2, alwaysReadyHttp) : alwaysReadyHttp
    alwaysReadyDurable: inZones ? max(2, alwaysReadyDurable) : alwaysReadyDurable
    instanceMemoryMB: instanceMemoryMB
    httpConcurrency: httpConcurrency
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
    requestsHub: requestsHubSetting
    eventsHub: eventsHubSetting
    consumerGroup: consumerGroup
    settings: settings
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    signInClientId: signInClientId
    signInTenantId: signInTenantId
    allowedAddresses: allowedAddresses
  }
}

@description('Resource group that holds everything; deleting it removes the installation.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name for `func azure functionapp publish`.')
output AZURE_FUNCTION_APP_NAME string = app.outputs.name

@description('Base address of the API.')
output EO_BASE_URL string = 'https://${app.outputs.host}'

@description('Account of the host and the task hub.')
output AZURE_HUB_STORAGE_ACCOUNT string = hubStorage.outputs.name

@description('Account of inbox, log and dead letters.')
output AZURE_LOG_STORAGE_ACCOUNT string = logStorage.outputs.name

@description('For the commands of tools/ run by an operator who is signed in.')
output EO_TABLES__tableServiceUri string = logStorage.outputs.endpoints.table

@description('Namespace for producers and consumers; empty when there are no event hubs.')
output EventHubs__fullyQualifiedNamespace string = hasEventHubs ? eventHubs!.outputs.host : ''

@description('Whether the app itself goes on when a zone is lost; the data does with redundancy `zone` or `region`.')
output EO_APP_SURVIVES_A_ZONE bool = appInZones
