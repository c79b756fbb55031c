"""What makes 202 a promise: accepting requests, and finding those that still wait."""
