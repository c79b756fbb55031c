// The workbook `TODOs`: what the metrics show, and the story of one request.

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Application Insights component.')
param componentName string

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
    title: 'Outbox depth'
    query: loadTextContent('../queries/charts/outbox-depth.kql')
  }
  {
    title: 'Publish lag, seconds, and projects behind'
    query: loadTextContent('../queries/charts/publish-lag.kql')
  }
  {
    title: 'Conflicts settled by the log'
    query: loadTextContent('../queries/charts/conflicts.kql')
  }
  {
    title: 'Refused requests and dead letters'
    query: loadTextContent('../queries/charts/refusals.kql')
  }
]

// In the portal the two values are parameters of the workbook.
var storyOfProject = replace(loadTextContent('../queries/story-of-a-request.kql'), 'let project_id = 7;', 'let project_id = toint("{project}");')
var story = replace(storyOfProject, 'let request_id = "1c9e";', 'let request_id = @"{request}";')

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
          durationMs: 14400000
        }
      }
      {
        id: guid('project')
        version: 'KqlParameterItem/1.0'
        name: 'project'
        label: 'Project'
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
      query: each.query
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
  name: guid(component.id, 'todos')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'TODOs'
    category: 'workbook'
    sourceId: component.id
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([parametersItem], chartItems, [storyItem])
      fallbackResourceIds: [component.id]
    })
  }
}
