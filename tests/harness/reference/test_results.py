"""docs/reference_results.md is what `make results` writes, and what is cheap of it is computed again."""

import os
from pathlib import Path

import pytest

from autograder.errors import UsageError
from autograder.training.data import load_images
from scripts import reference_results as results

ROOT = Path(__file__).resolve().parents[3]
PAGE = results.PAGE.read_text("utf-8")


def test_figures_of_mnist() -> None:
    """PPCA with two components, and the binarised images: as recorded, and as the page says."""
    root = Path(os.environ.get("AUTOGRADER_DATA") or ROOT.parent / "shared" / "data")
    try:
        data = load_images("mnist", root)
    except UsageError:
        pytest.skip("MNIST is not here: set AUTOGRADER_DATA to the folder that holds MNIST/raw")
    train, test = (results.in_double(images.flatten(1)) for images in (data.images, data.test_images))
    rows = [*results.of_components(2, train, test), *results.of_binary_images(train, test)]
    assert len(rows) == 9
    assert [row.what for row in rows if not row.holds] == []
    assert [row.what for row in rows if row.markdown() not in PAGE] == []


def test_the_page_has_every_figure_and_all_hold() -> None:
    """Nothing was left out, and nothing on it is off."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    figures = [line for line in lines if line.endswith("| yes |")]
    assert len(figures) == len(lines) - 4  # two heads of two lines
    assert all(f"{figure:.4f}" in PAGE for figure in results.SINGULAR_VALUES)
    assert all(f"{figure:.8f}" in PAGE for figure in results.NOISE.values())
    assert all(f"{figure:.2f}" in PAGE for by_epoch in results.ELBO.values() for figure, _ in by_epoch.values())
    for part in (results.HEAD, results.EXACT, results.TRAINED):
        assert part in PAGE


def test_a_figure_that_is_off_is_said() -> None:
    """The row says so: half of the last digit is allowed where nothing is said, and a number that is none holds nothing."""
    assert results.Row("x", "`y`", 1.0, 1.001, 4).markdown() == "| x | `y` | 1.0000 | 1.0010 | +0.0010 | **no** |"
    assert (
        results.Row("x", "`y`", -90.0, -91.0, 2, within=4.0).markdown() == "| x | `y` | -90.00 | -91.00 | -1.00 | yes |"
    )
    assert [results.Row("x", "", 0.97, found, 2, at_least=True).holds for found in (0.99, 0.96)] == [True, False]
    assert not results.Row("x", "", 1.0, float("nan"), 2, within=4.0).holds
