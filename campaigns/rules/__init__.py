"""Rule packs: the calling rules of countries and states, as versioned data files.

README.md describes the files. Nothing here needs a database.
"""
