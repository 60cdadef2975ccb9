"""The Bland-compatible API at /v1/ and /v2/: clients change only the address and the key.

Source of paths, names and shapes: Bland API. Its two generations use two response shapes. A
response here has the fields of both wherever they do not contradict each other.
"""
