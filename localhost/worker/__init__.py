"""The worker process: loads the app and runs its functions with Microsoft's worker library.

Nothing here is imported by the host, and of the host only `localhost.rpc` is imported here.
"""
