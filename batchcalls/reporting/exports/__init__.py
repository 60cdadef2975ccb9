"""Tables for people and their other programs: results, recipients, rejected rows, call logs.

Every table is read from the database in pieces and written as it is read, so that memory use stays
constant.
"""
