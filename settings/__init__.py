"""What operators set: app settings and host.json, checked when they are read."""
