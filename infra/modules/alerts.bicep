// Alarms on what the app and the host log. The queries are files, to be pasted into the portal as
// they are. Alarms on what the platform measures: platform-alerts.bicep.

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Application Insights component.')
param componentName string

@description('Log Analytics workspace behind it.')
param workspaceId string

@description('How many domains the app serves: each has a sweeper of its own.')
param domainCount int

@description('Action group that is told; empty for none: alarms are then in the portal only.')
param receiversId string

// More than `above` lines of the answer within `window` is an alarm. Severity 0 is critical, 3 is
// informational. What somebody has to get up for is looked at every 5 minutes, which costs three
// times what 15 minutes cost, for each rule. A window is longer than the pause between two looks
// wherever one line is enough: a line that is taken in late would fall between them.
var rules = [
  {
    name: 'log-lost-its-tail'
    query: loadTextContent('../queries/alerts/log-lost-its-tail.kql')
    every: 'PT5M'
    window: 'PT15M'
    above: 0
    severity: 0
    scope: component.id
  }
  {
    name: 'oldest-request'
    query: loadTextContent('../queries/alerts/oldest-request.kql')
    every: 'PT5M'
    window: 'PT15M'
    above: 0
    severity: 1
    scope: component.id
  }
  {
    name: 'waiting-requests'
    query: loadTextContent('../queries/alerts/waiting-requests.kql')
    every: 'PT5M'
    window: 'PT10M'
    above: 7
    severity: 1
    scope: component.id
  }
  {
    name: 'failing-keys'
    query: loadTextContent('../queries/alerts/failing-keys.kql')
    every: 'PT5M'
    window: 'PT5M'
    above: 10
    severity: 1
    scope: component.id
  }
  {
    name: 'one-failing-key'
    query: loadTextContent('../queries/alerts/one-failing-key.kql')
    every: 'PT15M'
    window: 'PT30M'
    above: 0
    severity: 1
    scope: component.id
  }
  {
    name: 'last-resort'
    query: loadTextContent('../queries/alerts/last-resort.kql')
    every: 'PT15M'
    window: 'PT15M'
    above: 10
    severity: 2
    scope: component.id
  }
  {
    name: 'sweeper-silent'
    query: replace(loadTextContent('../queries/alerts/sweeper-silent.kql'), 'let expected_domains = 1;', 'let expected_domains = ${domainCount};')
    every: 'PT5M'
    window: 'PT15M'
    above: 0
    severity: 1
    scope: component.id
  }
  {
    name: 'unreadable'
    query: loadTextContent('../queries/alerts/unreadable.kql')
    every: 'PT15M'
    window: 'PT30M'
    above: 0
    severity: 1
    scope: component.id
  }
  {
    name: 'internal-errors'
    query: loadTextContent('../queries/alerts/internal-errors.kql')
    every: 'PT15M'
    window: 'PT30M'
    above: 0
    severity: 2
    scope: component.id
  }
  {
    name: 'dead-letters'
    query: loadTextContent('../queries/alerts/dead-letters.kql')
    every: 'PT15M'
    window: 'PT30M'
    above: 0
    severity: 2
    scope: component.id
  }
  {
    name: 'publish-lag'
    query: loadTextContent('../queries/alerts/publish-lag.kql')
    every: 'PT15M'
    window: 'PT30M'
    above: 0
    severity: 2
    scope: component.id
  }
  {
    name: 'publish-failures'
    query: loadTextContent('../queries/alerts/publish-failures.kql')
    every: 'PT15M'
    window: 'PT15M'
    above: 7
    severity: 2
    scope: component.id
  }
  {
    name: 'failing-orchestrations'
    query: loadTextContent('../queries/alerts/failing-orchestrations.kql')
    every: 'PT15M'
    window: 'PT30M'
    above: 0
    severity: 2
    scope: component.id
  }
  {
    name: 'turned-away'
    query: loadTextContent('../queries/alerts/turned-away.kql')
    every: 'PT15M'
    window: 'PT30M'
    above: 0
    severity: 2
    scope: component.id
  }
  {
    name: 'conflicts'
    query: loadTextContent('../queries/alerts/conflicts.kql')
    every: 'PT15M'
    window: 'PT30M'
    above: 0
    severity: 3
    scope: component.id
  }
  {
    name: 'purge-failures'
    query: loadTextContent('../queries/alerts/purge-failures.kql')
    every: 'PT15M'
    window: 'PT2H'
    above: 0
    severity: 3
    scope: component.id
  }
  {
    name: 'telemetry-cut-off'
    query: loadTextContent('../queries/alerts/telemetry-cut-off.kql')
    every: 'PT15M'
    window: 'PT1H'
    above: 0
    severity: 1
    scope: workspaceId
  }
]

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource rule 'Microsoft.Insights/scheduledQueryRules@2022-06-15' = [
  for each in rules: {
    name: 'alert-${each.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: each.name
      description: 'docs/operate/operations.md#alarms says what it means and what to do.'
      enabled: true
      severity: each.severity
      scopes: [each.scope]
      evaluationFrequency: each.every
      windowSize: each.window
      autoMitigate: true
      // In a first deployment the tables are minutes old, and Azure may not know them yet. The tests
      // give each query to Microsoft's parser.
      skipQueryValidation: true
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
        actionGroups: empty(receiversId) ? [] : [receiversId]
      }
    }
  }
]
