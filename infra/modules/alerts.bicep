// Alarms on what the app logs. The queries are files, to be pasted into the portal as they are.

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Application Insights component.')
param componentName string

@description('Who is told by mail; empty for nobody: alarms are then in the portal only.')
param email string

// More than `above` lines of the answer within `window` is an alarm. Severity 0 is critical, 3 is
// informational.
var rules = [
  {
    name: 'log-lost-its-tail'
    query: loadTextContent('../queries/log-lost-its-tail.kql')
    window: 'PT5M'
    above: 0
    severity: 0
  }
  {
    name: 'oldest-request'
    query: loadTextContent('../queries/oldest-request.kql')
    window: 'PT5M'
    above: 0
    severity: 1
  }
  {
    name: 'dead-letters'
    query: loadTextContent('../queries/dead-letters.kql')
    window: 'PT5M'
    above: 0
    severity: 2
  }
  {
    name: 'waiting-requests'
    query: loadTextContent('../queries/waiting-requests.kql')
    window: 'PT10M'
    above: 7
    severity: 1
  }
  {
    name: 'failing-projects'
    query: loadTextContent('../queries/failing-projects.kql')
    window: 'PT5M'
    above: 10
    severity: 1
  }
  {
    name: 'failing-orchestrations'
    query: loadTextContent('../queries/failing-orchestrations.kql')
    window: 'PT15M'
    above: 0
    severity: 2
  }
  {
    name: 'publishing-behind'
    query: loadTextContent('../queries/publishing-behind.kql')
    window: 'PT10M'
    above: 7
    severity: 2
  }
  {
    name: 'publish-lag'
    query: loadTextContent('../queries/publish-lag.kql')
    window: 'PT5M'
    above: 0
    severity: 2
  }
  {
    name: 'unreadable-state'
    query: loadTextContent('../queries/unreadable-state.kql')
    window: 'PT5M'
    above: 0
    severity: 1
  }
]

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource receivers 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'ag-${componentName}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'todos'
    emailReceivers: [
      {
        name: 'operator'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource rule 'Microsoft.Insights/scheduledQueryRules@2022-06-15' = [
  for each in rules: {
    name: 'alert-${each.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: each.name
      description: 'docs/operations.md says what it means and what to do.'
      enabled: true
      severity: each.severity
      scopes: [component.id]
      evaluationFrequency: 'PT5M'
      windowSize: each.window
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: each.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: each.above
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: empty(email) ? [] : [receivers!.id]
      }
    }
  }
]
