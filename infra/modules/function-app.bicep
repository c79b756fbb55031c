// The app, on an App Service plan or on Flex Consumption. Its settings: every one that the code
// reads, none with a secret. Nothing here overrides host.json: the scale controller of Flex
// Consumption reads the file and not the settings, but for names in percent signs.

@description('Name of the function app.')
param name string

@description('Name of its plan.')
param planName string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Version of Python.')
param pythonVersion string

@description('`plan` or `flex`.')
param hosting string

@description('Size of an instance of the plan.')
param planSku string

@description('Instances of the plan.')
param planInstances int

@description('Spread the instances over availability zones.')
param zoneRedundant bool

@description('Flex Consumption: instances always ready for HTTP.')
param alwaysReadyHttp int

@description('Flex Consumption: instances always ready for orchestrations, entities and activities.')
param alwaysReadyDurable int

@description('Flex Consumption: memory of an instance, in MB.')
param instanceMemoryMB int

@description('Flex Consumption: HTTP requests that one instance takes at a time.')
param httpConcurrency int

@description('Flex Consumption: instances at most, of each function group.')
param maximumInstanceCount int

@description('Resource id of the identity that the app acts as.')
param identityId string

@description('Its client id.')
param identityClientId string

@description('Addresses of the account with the host and the task hub, by service.')
param hubEndpoints object

@description('Addresses of the account with the log, by service.')
param logEndpoints object

@description('Flex Consumption: blob container, in the account of the hub, that the deployed package is in.')
param deploymentContainer string

@description('Where telemetry is sent to.')
param insightsConnection string

@description('Name of the task hub.')
param taskHubName string

@description('Address of the Durable Task Scheduler; empty for Azure Storage.')
param schedulerEndpoint string

@description('Host name of the Event Hubs namespace; empty for none.')
param eventHubsHost string

@description('Hubs of requests, as the app reads them; empty for none.')
param requestsHub string

@description('Hubs of entries, as the app reads them; empty for none.')
param eventsHub string

@description('Consumer group of the app in the hub of requests.')
param consumerGroup string

@description('Settings that differ from their defaults.')
param settings object

@description('Subnet that the app calls out of; empty for none.')
param subnetId string

@description('Client id of the app registration that callers need a token of; empty for none.')
param signInClientId string

@description('Tenant that issues these tokens.')
param signInTenantId string

@description('Addresses that may call the API, as CIDR ranges; empty for all.')
param allowedAddresses array

var isFlex = hosting == 'flex'

var hostSettings = {
  AzureWebJobsStorage__blobServiceUri: hubEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: hubEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: hubEndpoints.table
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  // The app exports its lines, metrics and spans itself; the host then leaves out what it logs.
  PYTHON_ENABLE_OPENTELEMETRY: 'true'
  // What its exporter would send and ask for on its own account.
  APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED: 'true'
  APPLICATIONINSIGHTS_SDKSTATS_DISABLED: 'true'
  APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL: 'true'
  // As many as host.json lets orchestrators in at once.
  PYTHON_THREADPOOL_THREAD_COUNT: '16'
  // Twice the 4 MiB of a batch: what is larger is refused before the app reads it.
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '8388608'
}

// Flex Consumption refuses these: there `runtime` below says the same, and it builds by itself.
var planSettings = {
  FUNCTIONS_EXTENSION_VERSION: '~4'
  FUNCTIONS_WORKER_RUNTIME: 'python'
  SCM_DO_BUILD_DURING_DEPLOYMENT: 'true'
  ENABLE_ORYX_BUILD: 'true'
}

var schedulerSettings = empty(schedulerEndpoint) ? {} : {
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identityClientId}'
}

var appSettings = {
  EO_STORE: 'tables'
  EO_TABLES__tableServiceUri: logEndpoints.table
  EO_TABLES__credential: 'managedidentity'
  EO_TABLES__clientId: identityClientId
  EO_TASK_HUB: taskHubName
  EO_SWEEP_SCHEDULE: '*/30 * * * * *'
  EO_SWEEP_AFTER_SECONDS: '10'
  EO_PURGE_SCHEDULE: '0 17 * * * *'
  EO_PURGE_AFTER_HOURS: '24'
  EO_REQUESTS_HUB: requestsHub
  EO_REQUESTS_CONSUMER_GROUP: consumerGroup
  EO_EVENTS_HUB: eventsHub
  EO_PUBLISH_SCHEDULE: '*/30 * * * * *'
}

var eventHubSettings = empty(eventHubsHost) ? {} : {
  EventHubs__fullyQualifiedNamespace: eventHubsHost
  EventHubs__credential: 'managedidentity'
  EventHubs__clientId: identityClientId
}

var allSettings = union(hostSettings, isFlex ? {} : planSettings, schedulerSettings, appSettings, eventHubSettings, settings)

var commonSite = {
  minTlsVersion: '1.2'
  scmMinTlsVersion: '1.2'
  http20Enabled: true
  ipSecurityRestrictionsDefaultAction: empty(allowedAddresses) ? 'Allow' : 'Deny'
  ipSecurityRestrictions: map(range(0, length(allowedAddresses)), i => {
    name: 'allowed-${i}'
    action: 'Allow'
    priority: 100 + i
    ipAddress: allowedAddresses[i]
  })
  appSettings: map(items(allSettings), each => {
    name: each.key
    value: each.value
  })
}

// No health check of the plan: it would restart instances for an outage of the store.
var planSite = {
  linuxFxVersion: 'Python|${pythonVersion}'
  alwaysOn: true
  ftpsState: 'Disabled'
}

var flexConfig = {
  runtime: {
    name: 'python'
    version: pythonVersion
  }
  scaleAndConcurrency: {
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    triggers: {
      http: {
        perInstanceConcurrency: httpConcurrency
      }
    }
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

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: isFlex ? 'functionapp' : 'linux'
  sku: isFlex ? { tier: 'FlexConsumption', name: 'FC1' } : { name: planSku, capacity: planInstances }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  // azd deploys to the one resource with this tag: the site, and not the plan.
  tags: union(tags, { 'azd-service-name': 'app' })
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
    siteConfig: isFlex ? commonSite : union(commonSite, planSite)
    functionAppConfig: isFlex ? flexConfig : null
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

// Checks tokens before the app is asked; it needs no secret for that. Function keys stay in force.
resource signIn 'Microsoft.Web/sites/config@2024-04-01' = if (!empty(signInClientId)) {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: ['/api/health', '/api/openapi.json']
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: signInClientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${signInTenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [signInClientId, 'api://${signInClientId}']
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
}

@description('Name of the app.')
output name string = app.name

@description('Host name of the app.')
output host string = app.properties.defaultHostName
