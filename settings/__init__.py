"""Every setting of the app, checked when it is read."""
