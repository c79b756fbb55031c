// The app on Flex Consumption. Its settings: every one that the code reads, none with a secret.

@description('Name of the function app.')
param name string

@description('Name of its plan.')
param planName string

@description('Region.')
param location string

@description('Tags; azd finds the app by one of them.')
param tags object

@description('Version of Python.')
param pythonVersion string

@description('Spread the instances over availability zones.')
param zoneRedundant bool

@description('Instances always ready for HTTP.')
param alwaysReadyHttp int

@description('Instances always ready for orchestrations, entities and activities.')
param alwaysReadyDurable int

@description('Memory of an instance, in MB.')
param instanceMemoryMB int

@description('Instances at most.')
param maximumInstanceCount int

@description('Resource id of the identity that the app acts as.')
param identityId string

@description('Its client id.')
param identityClientId string

@description('Addresses of the account with the host and the task hub, by service.')
param hubEndpoints object

@description('Addresses of the account with the log, by service.')
param logEndpoints object

@description('Blob container, in the account of the hub, that the deployed package is in.')
param deploymentContainer string

@description('Where telemetry is sent to.')
param insightsConnection string

@description('Name of the task hub.')
param taskHubName string

@description('Address of the Durable Task Scheduler; empty for Azure Storage.')
param schedulerEndpoint string

@description('Host name of the Event Hubs namespace; empty for none.')
param eventHubsHost string

@description('Hub of requests; empty for none.')
param requestsHub string

@description('Hub of TODOs; empty for none.')
param eventsHub string

@description('Consumer group of the app in the hub of requests.')
param consumerGroup string

@description('Names of the tables, by the setting that names them.')
param tables object

@description('Settings that differ from their defaults.')
param settings object

@description('Subnet that the app calls out of; empty for none.')
param subnetId string

// Not here, because Flex Consumption refuses them: FUNCTIONS_WORKER_RUNTIME (see `runtime` below),
// FUNCTIONS_EXTENSION_VERSION, WEBSITE_RUN_FROM_PACKAGE.
var hostSettings = {
  AzureWebJobsStorage__blobServiceUri: hubEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: hubEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: hubEndpoints.table
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureFunctionsJobHost__extensions__durableTask__hubName: taskHubName
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  // The app exports its lines, metrics and spans itself; the host then leaves out what it logs.
  PYTHON_ENABLE_OPENTELEMETRY: 'true'
  // What its exporter would send and ask for on its own account.
  APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED: 'true'
  APPLICATIONINSIGHTS_SDKSTATS_DISABLED: 'true'
  APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL: 'true'
  // As many as host.json lets orchestrators and entities in at once.
  PYTHON_THREADPOOL_THREAD_COUNT: '32'
}

var schedulerSettings = empty(schedulerEndpoint) ? {} : {
  AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: 'azureManaged'
  AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING'
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identityClientId}'
}

var appSettings = {
  TodoTables__tableServiceUri: logEndpoints.table
  TodoTables__credential: 'managedidentity'
  TodoTables__clientId: identityClientId
  TODO_STORE: 'tables'
  TODO_INBOX_TABLE: tables.TODO_INBOX_TABLE
  TODO_LOG_TABLE: tables.TODO_LOG_TABLE
  TODO_DEADLETTERS_TABLE: tables.TODO_DEADLETTERS_TABLE
  TODO_PUBLISHING_TABLE: tables.TODO_PUBLISHING_TABLE
  TODO_SWEEP_SCHEDULE: '*/5 * * * * *'
  TODO_SWEEP_AFTER_SECONDS: '5'
  TODO_PURGE_SCHEDULE: '0 17 * * * *'
  TODO_PURGE_AFTER_HOURS: '24'
  TODO_REQUESTS_HUB: requestsHub
  TODO_REQUESTS_CONSUMER_GROUP: consumerGroup
  TODO_EVENTS_HUB: eventsHub
  TODO_PUBLISH_SCHEDULE: '*/10 * * * * *'
}

var eventHubSettings = empty(eventHubsHost) ? {} : {
  EventHubs__fullyQualifiedNamespace: eventHubsHost
  EventHubs__credential: 'managedidentity'
  EventHubs__clientId: identityClientId
}

var allSettings = union(hostSettings, schedulerSettings, appSettings, eventHubSettings, settings)

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      appSettings: [
        for each in items(allSettings): {
          name: each.key
          value: each.value
        }
      ]
    }
    functionAppConfig: {
      runtime: {
        name: 'python'
        version: pythonVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: concat(
          alwaysReadyHttp == 0 ? [] : [{ name: 'http', instanceCount: alwaysReadyHttp }],
          alwaysReadyDurable == 0 ? [] : [{ name: 'durable', instanceCount: alwaysReadyDurable }]
        )
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hubEndpoints.blob}${deploymentContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
    }
  }

  // Publishing takes a signed-in user, not a password.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }
}

@description('Name of the app.')
output name string = app.name

@description('Host name of the app.')
output host string = app.properties.defaultHostName
