"""The images: MNIST where it is, the digits of scikit-learn otherwise, never a write into a given folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from autograder.errors import UsageError
from autograder.training.data import Images, default_cache, load_images, mnist, names, without_download

ROOT = Path(__file__).resolve().parents[3]
MNIST_ROOT = Path(os.environ.get("AUTOGRADER_DATA") or ROOT.parent / "shared" / "data")


def require_sound(found: Images, n: int, n_test: int) -> None:
    """Require what every data set promises."""
    for images, labels, count in ((found.images, found.labels, n), (found.test_images, found.test_labels, n_test)):
        assert (count, 1, 28, 28) == images.shape
        assert (torch.float32, torch.int64) == (images.dtype, labels.dtype)
        assert (count,) == labels.shape
        assert (float(images.min()), float(images.max())) == (0.0, 1.0)
        assert list(range(10)) == labels.unique().tolist()


def test_digits() -> None:
    """The digits of scikit-learn are 1,797 images, enlarged to 28 × 28; the same 497 are always held out."""
    digits = load_images("digits")

    assert digits.name == "digits"
    require_sound(digits, 1300, 497)
    assert digits.test_images.equal(load_images("digits").test_images)
    together = torch.cat([digits.images, digits.test_images]).flatten(1)
    assert len(together.unique(dim=0)) == 1797


def test_mnist(tmp_path: Path) -> None:
    """Compressed MNIST files are copied and unpacked elsewhere: the data root stays as it was."""
    raw = MNIST_ROOT / "MNIST" / "raw"
    if not raw.is_dir():
        pytest.skip(f"needs MNIST under {MNIST_ROOT} (or AUTOGRADER_DATA)")
    before = {path.name: path.stat().st_mtime_ns for path in raw.iterdir()}

    digits = load_images("mnist", MNIST_ROOT, tmp_path)

    assert digits.name == "mnist"
    require_sound(digits, 60_000, 10_000)
    assert before == {path.name: path.stat().st_mtime_ns for path in raw.iterdir()}


@pytest.mark.parametrize("choice", ["mnist", "auto"])
def test_bad_root(choice: str, tmp_path: Path) -> None:
    """A data root without MNIST is refused, also by `auto`: whoever names a folder means it."""
    with pytest.raises(UsageError) as caught:
        load_images(choice, tmp_path / "nothing", tmp_path / "cache")

    message = str(caught.value)
    assert f"MNIST was not found under {tmp_path / 'nothing'}" in message
    assert "holds 0 of the 4 files" in message
    assert "Expected DATA_ROOT/MNIST/raw/*-ubyte[.gz]" in message
    assert "--data digits" in message


def test_root_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """AUTOGRADER_DATA names the data root where no option does."""
    monkeypatch.setenv("AUTOGRADER_DATA", str(tmp_path))
    with pytest.raises(UsageError, match=str(tmp_path)):
        load_images("auto", None, tmp_path / "cache")


def test_without_mnist_and_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without MNIST `auto` takes the digits, and asking for MNIST by name says what to do."""

    def unreachable(root: Path | None, cache: Path) -> Images:
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz")

    monkeypatch.delenv("AUTOGRADER_DATA", raising=False)
    monkeypatch.setattr(mnist, "_fetched", unreachable)
    assert load_images("auto", None, tmp_path).name == "digits"
    with pytest.raises(UsageError, match=r"MNIST was not found and could not be downloaded \(Error downloading"):
        load_images("mnist", None, tmp_path)


def test_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The cache stands where the user's caches stand."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert tmp_path / "ppml-autograder" == default_cache()


def test_data_sets_are_found_by_the_names_of_their_modules() -> None:
    """There is no table of data sets: a module in `training/data/` is one; one of them needs no download."""
    assert names() == ("digits", "mnist")
    assert without_download() == "digits"


def test_an_unknown_data_set_is_refused() -> None:
    """A name that no module has is refused with those that there are."""
    with pytest.raises(UsageError, match="there is no data set 'faces'; there are: auto, digits, mnist"):
        load_images("faces")
