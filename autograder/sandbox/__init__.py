"""Asking an isolated process questions about a submission.

limits.py       what a worker may use;  clock.py: the time of one question, in seconds of computing and on the wall's clock
cgroups.py      control groups for its memory and processes;  watch.py: counting them where there are none
seccomp.py      the system calls it may make, with reasons
choice.py       which of the following is used
zygote.py       starting the zygote and forking workers from it (the only place that starts processes)
hidden.py       data sets with labels among the installed packages, which nobody may see in there
bubblewrap.py   the zygote behind bubblewrap;  plain.py: without isolation, for a student's own machine
uid.py          the zygote as a user of its own, whose workers are users of their own, where namespaces are forbidden
reachable.py    ... the Python that they can reach;  scratch.py: their files;  foreign.py: ending and removing what is theirs
proxy.py        one submission, asked question by question; replaces workers that died
patience.py     second chances for functions that ran out of time
apart.py        the same, with every call of a function in a worker of its own: for trainings
inprocess.py    the same questions answered in this process, for the student's kit;  in_memory.py: by a running notebook
inside/         the runner: the only project code that is visible in there
"""
