// The workbook: what the metrics show of a domain, and the story of one request.

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Application Insights component.')
param componentName string

@description('Domains that the app serves.')
param domains array

// The text of each query is a file, to be pasted into the portal as it is.
var charts = [
  {
    title: 'Per minute: accepted, created, published, repeats absorbed'
    query: loadTextContent('../queries/charts/throughput.kql')
  }
  {
    title: 'Oldest accepted request that is not in the log, seconds'
    query: loadTextContent('../queries/charts/oldest-request.kql')
  }
  {
    title: 'Keys that the sweeper took up'
    query: loadTextContent('../queries/charts/waiting-keys.kql')
  }
  {
    title: 'Answers by status; 429 and 503 mean that nothing was accepted'
    query: loadTextContent('../queries/charts/turned-away.kql')
  }
  {
    title: 'Outbox depth of the entity: ${join(map(domains, each => each.entity), ', ')}'
    query: loadTextContent('../queries/charts/outbox-depth.kql')
  }
  {
    title: 'Publish lag, seconds, and keys behind'
    query: loadTextContent('../queries/charts/publish-lag.kql')
  }
  {
    title: 'Conflicts settled by the log, and requests ordered without the entity'
    query: loadTextContent('../queries/charts/conflicts.kql')
  }
  {
    title: 'Refused requests and dead letters'
    query: loadTextContent('../queries/charts/refusals.kql')
  }
  {
    title: 'Failures that are repeated by themselves'
    query: loadTextContent('../queries/charts/failures.kql')
  }
]

var minute = 60000
var spans = [30 * minute, 240 * minute, 1440 * minute, 10080 * minute]
var firstDomain = domains[0].name
var domainOptions = map(domains, each => { value: each.name, label: each.plural, selected: each.name == firstDomain })

// In the portal these values are parameters of the workbook.
var ofDomain = 'let domain_name = "{domain}";'
var storyOfDomain = replace(loadTextContent('../queries/story-of-a-request.kql'), 'let domain_name = "todo";', ofDomain)
var storyOfKey = replace(storyOfDomain, 'let key_text = "7";', 'let key_text = @"{key}";')
var story = replace(storyOfKey, 'let request_id = "1c9e";', 'let request_id = @"{request}";')

var parametersItem = {
  type: 9
  name: 'parameters'
  content: {
    version: 'KqlParameterItem/1.0'
    style: 'pills'
    parameters: [
      {
        id: guid('time')
        version: 'KqlParameterItem/1.0'
        name: 'time'
        label: 'Time'
        type: 4
        isRequired: true
        value: {
          durationMs: 240 * minute
        }
        typeSettings: {
          selectableValues: map(spans, each => { durationMs: each })
          allowCustom: true
        }
      }
      {
        id: guid('domain')
        version: 'KqlParameterItem/1.0'
        name: 'domain'
        label: 'Domain'
        type: 2
        isRequired: true
        value: firstDomain
        jsonData: string(domainOptions)
      }
      {
        id: guid('key')
        version: 'KqlParameterItem/1.0'
        name: 'key'
        label: length(domains) == 1 ? domains[0].key : 'Key'
        type: 1
      }
      {
        id: guid('request')
        version: 'KqlParameterItem/1.0'
        name: 'request'
        label: 'Request id'
        type: 1
      }
    ]
  }
}

var chartItems = [
  for (each, i) in charts: {
    type: 3
    name: 'chart-${i}'
    content: {
      version: 'KqlItem/1.0'
      query: replace(each.query, 'let domain_name = "todo";', ofDomain)
      title: each.title
      size: 0
      queryType: 0
      resourceType: 'microsoft.insights/components'
      visualization: 'timechart'
      timeContextFromParameter: 'time'
    }
  }
]

var storyItem = {
  type: 3
  name: 'story'
  content: {
    version: 'KqlItem/1.0'
    query: story
    title: 'The story of a request'
    size: 0
    queryType: 0
    resourceType: 'microsoft.insights/components'
    visualization: 'table'
    timeContextFromParameter: 'time'
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(component.id, 'effectively-once')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Effectively once: ${join(map(domains, each => each.plural), ', ')}'
    category: 'workbook'
    sourceId: component.id
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([parametersItem], chartItems, [storyItem])
      fallbackResourceIds: [component.id]
    })
  }
}
