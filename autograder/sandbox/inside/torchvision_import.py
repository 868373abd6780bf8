"""Importing torchvision where a CPU build of torch stands beside a CUDA build of torchvision.

There `import torchvision` fails with "operator torchvision::nms does not exist": its Python code registers fake kernels for
operators whose C++ library cannot be loaded. Data sets, transforms and networks use none of them, so the two schemas are declared,
and only once the import has failed without them. That the two builds differ is the grader's machine's fault, never a submission's.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_NAME = "torchvision"
_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_libraries: list[object] = []
"""Declarations last as long as the object that made them."""


class _Finder(MetaPathFinder):
    """Finds torchvision itself, as Python would."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _NAME:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    """Loads it, and once more with its operators declared where these are what is missing."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> object:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        try:
            self._loader.exec_module(module)
        except RuntimeError as error:
            if f"operator {_NAME}::" not in str(error):
                raise
            for name in [name for name in sys.modules if name.startswith(f"{_NAME}.")]:
                del sys.modules[name]
            _declare()
            self._loader.exec_module(module)


def _declare() -> None:
    import torch

    library = torch.library.Library(_NAME, "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        if not hasattr(getattr(torch.ops, _NAME), schema.split("(")[0]):
            library.define(schema)  # type: ignore[no-untyped-call]
    _libraries.append(library)


def mend() -> None:
    """Have every later `import torchvision` of this process succeed beside a torch of another build."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
