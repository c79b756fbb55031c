// Who is told of alarms.

@description('Name of the action group.')
param name string

@description('Tags.')
param tags object

@description('Address that mail goes to.')
param email string

resource receivers 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'eo-alarms'
    emailReceivers: [
      {
        name: 'operator'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

@description('Resource id.')
output id string = receivers.id
