"""The engine: claims due recipients, places their calls, and records what becomes of them."""
