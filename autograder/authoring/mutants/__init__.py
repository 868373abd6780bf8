"""Mutants for free: the reference with one small mistake in it, and whether it changes any answer.

::

    for mutant in mutants_of(text, "my_task"):
        mutated = materialise(mutant, execute)
        if mutated is not None and changes_something(reference, mutated, calls):
            ...  # the checks of my_task must catch it
"""

from autograder.authoring.mutants.differences import changes_something, same
from autograder.authoring.mutants.generate import OPERATORS, Mutant, materialise, mutants_of
from autograder.authoring.mutants.nodes import Change, Operator

__all__ = ["OPERATORS", "Change", "Mutant", "Operator", "changes_something", "materialise", "mutants_of", "same"]
