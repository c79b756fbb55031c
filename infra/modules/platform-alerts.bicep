// Alarms on what the platform measures: whether the app answers, how its storage does, and whether
// events are taken.

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Application Insights component.')
param componentName string

@description('Address that answers 200 while the service can accept requests; empty for no probe.')
param healthAddress string

@description('Account of the log.')
param logStorageId string

@description('Event Hubs namespace; empty for none.')
param eventHubsId string

@description('Hubs of requests.')
param requestsHubs array

@description('Action group that is told; empty for none.')
param receiversId string

var actions = empty(receiversId) ? [] : [{ actionGroupId: receiversId }]
// Each place is paid for at each probe: docs/operate/cost.md.
var probedFrom = ['emea-nl-ams-azr', 'us-va-ash-azr', 'apac-sg-sin-azr']

var storageRules = [
  {
    name: 'storage-slow'
    metric: 'SuccessServerLatency'
    aggregation: 'Average'
    above: 200
    responses: []
  }
  {
    name: 'storage-busy'
    metric: 'Transactions'
    aggregation: 'Total'
    above: 0
    responses: ['ServerBusyError', 'ServerTimeoutError', 'ServerOtherError']
  }
]

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource probe 'Microsoft.Insights/webtests@2022-06-15' = if (!empty(healthAddress)) {
  name: 'health-${componentName}'
  location: location
  tags: union(tags, { 'hidden-link:${component.id}': 'Resource' })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: 'health-${componentName}'
    Name: 'health'
    Enabled: true
    Frequency: 600
    Timeout: 30
    Kind: 'standard'
    RetryEnabled: true
    Locations: [for each in probedFrom: {
      Id: each
    }]
    Request: {
      RequestUrl: healthAddress
      HttpVerb: 'GET'
      ParseDependentRequests: false
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
      SSLCertRemainingLifetimeCheck: 7
    }
  }
}

resource health 'Microsoft.Insights/metricAlerts@2018-03-01' = if (!empty(healthAddress)) {
  name: 'alert-health'
  location: 'global'
  tags: tags
  properties: {
    description: 'docs/operate/operations.md#alarms says what it means and what to do.'
    enabled: true
    severity: 0
    scopes: [probe.id, component.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: probe.id
      componentId: component.id
      failedLocationCount: 2
    }
    actions: actions
  }
}

resource storage 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for each in storageRules: {
    name: 'alert-${each.name}'
    location: 'global'
    tags: tags
    properties: {
      description: 'docs/operate/operations.md#alarms says what it means and what to do.'
      enabled: true
      severity: 2
      scopes: ['${logStorageId}/tableServices/default']
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: each.name
            metricNamespace: 'Microsoft.Storage/storageAccounts/tableServices'
            metricName: each.metric
            timeAggregation: each.aggregation
            operator: 'GreaterThan'
            threshold: each.above
            dimensions: empty(each.responses) ? [] : [{ name: 'ResponseType', operator: 'Include', values: each.responses }]
          }
        ]
      }
      actions: actions
    }
  }
]

// Requests come in and none is handed out: the trigger stands still.
resource events 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for each in requestsHubs: {
    name: 'alert-events-stand-still-${each}'
    location: 'global'
    tags: tags
    properties: {
      description: 'docs/operate/operations.md#alarms says what it means and what to do.'
      enabled: true
      severity: 1
      scopes: [eventHubsId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: 'come-in'
            metricNamespace: 'Microsoft.EventHub/namespaces'
            metricName: 'IncomingMessages'
            timeAggregation: 'Total'
            operator: 'GreaterThan'
            threshold: 0
            dimensions: [{ name: 'EntityName', operator: 'Include', values: [each] }]
          }
          {
            criterionType: 'StaticThresholdCriterion'
            name: 'handed-out'
            metricNamespace: 'Microsoft.EventHub/namespaces'
            metricName: 'OutgoingMessages'
            timeAggregation: 'Total'
            operator: 'LessThanOrEqual'
            threshold: 0
            dimensions: [{ name: 'EntityName', operator: 'Include', values: [each] }]
          }
        ]
      }
      actions: actions
    }
  }
]
