"""Where a recipient may be: the time zones of a number, a postcode, a state, or a written name.

The data files are described in README.md, with their sources and dates. Nothing here needs a
database or Django.
"""
