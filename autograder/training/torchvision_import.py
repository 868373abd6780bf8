"""Importing torchvision where a CPU build of torch stands beside a CUDA build of torchvision.

There `import torchvision` fails with "operator torchvision::nms does not exist": its Python code registers fake kernels for
operators whose C++ library cannot be loaded. Data sets and transforms use none of them, so the two schemas are declared
first, and only if the import has failed without them.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_libraries: list[torch.library.Library] = []
"""Declarations last as long as the object that made them."""


def import_torchvision() -> ModuleType:
    """Return torchvision's `datasets` module.

    Raises:
        ImportError: torchvision is not installed, or is broken in another way.
    """
    try:
        return importlib.import_module("torchvision.datasets")
    except RuntimeError as error:
        if "does not exist" not in str(error):
            raise ImportError(f"torchvision cannot be imported: {error}") from error
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        if not hasattr(torch.ops.torchvision, schema.split("(")[0]):
            library.define(schema)  # type: ignore[no-untyped-call]
    _libraries.append(library)
    return importlib.import_module("torchvision.datasets")
