"""Importing torchvision beside a torch of another build."""

from __future__ import annotations

from pathlib import Path

from run_in_python import lines_of

ROOT = Path(__file__).resolve().parents[3]
BROKEN = """
import sys, types
from importlib.machinery import PathFinder
from importlib.util import spec_from_loader
from autograder.sandbox.inside import torchvision_import as ours
class Broken:
    runs = 0
    def create_module(self, spec): return None
    def exec_module(self, module):
        Broken.runs += 1
        sys.modules["torchvision.half"] = types.ModuleType("torchvision.half")
        if Broken.runs == 1: raise RuntimeError("{message}")
        module.works = True
spec = spec_from_loader("torchvision", Broken())
PathFinder.find_spec = classmethod(lambda cls, name, path=None, target=None: spec)
ours._declare = lambda: print("declared", "torchvision.half" in sys.modules)
ours.mend(); ours.mend()
try:
    import torchvision
    print("works", torchvision.works)
except RuntimeError as error:
    print("fails", error)
print(Broken.runs, sum(type(f).__name__ == "_Finder" for f in sys.meta_path))
"""


def test_it_can_be_imported() -> None:
    """Here torchvision can be imported with its data sets, transforms and networks, whatever build it is."""
    lines = lines_of(
        """
        from autograder.sandbox.inside.torchvision_import import mend
        mend()
        import torchvision
        from torchvision import datasets, models, transforms
        print(transforms.ToTensor.__name__, models.resnet18(num_classes=3).fc.out_features, datasets.MNIST.__name__)
        """,
        ROOT,
    )
    assert lines == ["ToTensor 3 MNIST"]


def test_missing_operators_are_declared() -> None:
    """Where the import fails for want of its compiled operators, these are declared and it is loaded once more, from nothing."""
    lines = lines_of(BROKEN.format(message="operator torchvision::nms does not exist"), ROOT)
    assert lines == ["declared False", "works True", "2 1"]


def test_other_faults_stay() -> None:
    """A torchvision that is broken in another way says how."""
    lines = lines_of(BROKEN.format(message="libcudart.so: cannot open"), ROOT)
    assert lines == ["fails libcudart.so: cannot open", "1 1"]
