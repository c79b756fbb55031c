"""Where requests wait and TODOs stay: one port, an adapter for Azure, one for this machine."""
