"""What other tools read: one module per format, pure functions of records. Each is read back by a test under the importer's own rules.

Two rules hold in every format. A record without a score (`rejected`, `error`) posts none, because platforms would erase a grade that
stands, and it is said who was left out. Two records of one student are refused, because one would silently replace the other.
"""
