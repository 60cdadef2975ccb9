"""The engine: claims due recipients, places their calls, and records the results."""
