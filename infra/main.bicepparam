// What `azd` deploys with; it puts the values of its environment into the variables:
// `azd env set EO_ALERT_EMAIL you@example.org`, and then `azd up`.
using './main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
param hosting = readEnvironmentVariable('EO_HOSTING', 'plan')
param planSku = readEnvironmentVariable('EO_PLAN_SKU', 'P0v3')
param planInstances = int(readEnvironmentVariable('EO_PLAN_INSTANCES', '2'))
param redundancy = readEnvironmentVariable('EO_REDUNDANCY', 'zone')
param alwaysReadyHttp = int(readEnvironmentVariable('EO_ALWAYS_READY_HTTP', '0'))
param alwaysReadyDurable = int(readEnvironmentVariable('EO_ALWAYS_READY_DURABLE', '0'))
param httpConcurrency = int(readEnvironmentVariable('EO_HTTP_CONCURRENCY', '32'))
param taskHubName = readEnvironmentVariable('EO_TASK_HUB', 'HubV2')
param taskHub = readEnvironmentVariable('EO_TASK_HUB_KIND', 'storage')
param requestsHub = readEnvironmentVariable('EO_REQUESTS_HUB', '')
param eventsHub = readEnvironmentVariable('EO_EVENTS_HUB', '')
param privateNetwork = bool(readEnvironmentVariable('EO_PRIVATE_NETWORK', 'false'))
param alertEmail = readEnvironmentVariable('EO_ALERT_EMAIL', '')
param logGeneration = readEnvironmentVariable('EO_LOG_GENERATION', '')
param alarms = bool(readEnvironmentVariable('EO_ALARMS', 'true'))
param healthProbe = bool(readEnvironmentVariable('EO_HEALTH_PROBE', 'true'))
param accessLogs = bool(readEnvironmentVariable('EO_ACCESS_LOGS', 'false'))
param signInClientId = readEnvironmentVariable('EO_SIGN_IN_CLIENT_ID', '')
