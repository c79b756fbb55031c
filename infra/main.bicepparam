// What `azd` deploys with; it puts the values of its environment into the variables.
using './main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
param zoneRedundant = bool(readEnvironmentVariable('TODO_ZONE_REDUNDANT', 'true'))
param privateNetwork = bool(readEnvironmentVariable('TODO_PRIVATE_NETWORK', 'false'))
