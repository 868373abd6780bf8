"""Classes in which it is known who copied from whom."""

from __future__ import annotations

import ast
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.assignment.loading import Assignment
from autograder.cohort.similarity.search import Search
from autograder.intake import take_in
from autograder.similarity_records import SimilarityRecord

ROOT = Path(__file__).resolve().parents[4]
SUBMISSIONS = ROOT / "tests" / "submissions"
INDEPENDENT = ("correct_modules", "variant_distributions", "variant_numpy", "variant_package")
"""Right submissions that were written without each other."""


class _Renamed(ast.NodeTransformer):
    """Every local variable with another name, and no comments and no layout, as `ast` has none."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Rename it."""
        return ast.Name(self._names.get(node.id, node.id), node.ctx)


def renamed(text: str, seed: int = 0) -> str:
    """A copy of a module: variables renamed, functions and classes in another order, other layout, other texts of docstrings."""
    tree = ast.parse(text)
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    rng = random.Random(seed)
    tree = _Renamed({name: f"q{rng.randrange(10**6)}" for name in sorted(stored)}).visit(tree)
    parts = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    rest = [node for node in tree.body if node not in parts]
    rng.shuffle(parts)
    return ast.unparse(ast.fix_missing_locations(ast.Module([*rest, *parts], [])))


def code_of(name: str) -> str:
    """All code of one of the independent submissions as one text."""
    return "\n\n".join(cell.source for source in take_in(SUBMISSIONS / name).sources for cell in source.cells)


def notebook(*cells: str) -> str:
    """A notebook with these cells of code."""
    return json.dumps(
        {
            "cells": [
                {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": cell}
                for cell in cells
            ],
            "metadata": {"language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 4,
        }
    )


def write_class(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write what a class handed in, by path below the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def searched(assignment: Assignment, folder: Path, **more: Any) -> tuple[SimilarityRecord, Search]:
    """Compare a class."""
    search = Search(folder, assignment, folder.parent / "workspace", **more)
    return search.run(), search


def shares(record: SimilarityRecord) -> dict[frozenset[str], float]:
    """The mean share of each pair that is listed."""
    return {
        frozenset((pair.left.key, pair.right.key)): (pair.left.share + pair.right.share) / 2 for pair in record.pairs
    }
