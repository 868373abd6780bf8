"""Whose code looks like whose: what a class wrote, without what it was given, compared by copydetect. No submission is run.

::

    platforms ── intake ── remaining (without template, kit, reference) ── fingerprints ── index: pairs that share something
                              ▲                                                               │
                    given: statements and passages                   search ◄── alike: copydetect, pair by pair

What comes out is a list to look at. Nothing in here, and nothing that is made of it, decides anything about anybody.
"""
