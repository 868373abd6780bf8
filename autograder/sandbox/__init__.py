"""Asking an isolated process questions about a submission.

limits.py       what a worker may use
seccomp.py      the system calls it may make, with reasons
zygote.py       starting the zygote and forking workers from it (the only place that starts processes)
bubblewrap.py   the zygote behind bubblewrap;  plain.py: without isolation, for a student's own machine
proxy.py        one submission, asked question by question; replaces workers that died
inprocess.py    the same questions answered in this process, for the student's kit
inside/         the runner: the only project code that is visible in there
"""
