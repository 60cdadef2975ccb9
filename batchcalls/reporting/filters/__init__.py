"""The filters of lists, shared by pages, exports and the API."""
