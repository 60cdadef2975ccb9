"""The Bland-compatible API at /v1/ and /v2/: clients change only the address and the key.

Source of paths, names and shapes: Bland API. Its two generations answer in two shapes; here one
answer holds both wherever they do not contradict each other.
"""
