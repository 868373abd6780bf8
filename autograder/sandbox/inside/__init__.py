"""The runner: the only project code that is visible inside the sandbox.

It imports nothing else of the project. Nothing in here decides whether an answer is right; it turns questions into calls of
the student's functions and turns what comes back into plain data. A student who takes this process over gains the power
to answer with other data, which is what an answer is anyway.

    wire.py      frames and values as bytes (also used by the trusted side, which treats every byte as hostile)
    probes.py    known networks built from weights
    loader.py    running a submission's modules statement by statement
    execute.py   one question -> one answer;  inputs.py: its arguments
    confine.py   giving up every right before a student's line runs;  landlock.py: every file but the named ones
    transport.py tensors between a submission's own processes, where they cannot share memory
    worker.py    the loop of one worker;  zygote.py: the process that forks workers
"""
