"""What host and worker say to each other: messages, and the frames that carry them.

The only package that both processes import.
"""
