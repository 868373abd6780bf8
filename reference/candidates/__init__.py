"""What is held against the checks, a file for each task: `<topic>/<task>.py`.

- *Named mistakes*: what students really hand in, each with a sentence that explains it kindly. A failed check is compared with them,
  and each of them must be caught. *Other forms* of them are the same misunderstanding, but a check can tell them from the first:
  another small constant, another branch that overflows, NaN where another form takes the absolute value.
- *In other words*: the same mistakes written by somebody else, with no code of the reference, in another style, by other libraries
  and other algebra. They must keep their names.
- *Without a name*: bugs as close to a named mistake as accidents are. They must be caught and be given no name.
- *Right answers*: what correct students hand in that looks nothing like the reference. Every check must accept each of them.
"""
