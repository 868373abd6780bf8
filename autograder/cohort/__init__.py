"""A whole class: what a learning platform hands out goes in, every submission is graded, and nothing is lost on the way.

::

    platforms ── Cohort of Entry ──► plan ──► schedule (Dask) ──► grader (one long-lived process per slot)
                                      ▲                              │ a folder per submission: record and pages
                                      └──────────── store ◄──────────┘ committed as it comes, by one process
"""
