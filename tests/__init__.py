"""The promises, each as a test.

A package, so that `tests` is ours: azure-functions-durable installs one of that name too.
"""
