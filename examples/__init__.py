"""Programs around the app. The app does not need them."""
