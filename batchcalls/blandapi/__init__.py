"""The API that clients of Bland AI speak, at /v1/ and /v2/: they change address and key only.

Source of paths, names and shapes: Bland API. Its two generations answer in two shapes; here one
answer holds both wherever they do not contradict each other.
"""
