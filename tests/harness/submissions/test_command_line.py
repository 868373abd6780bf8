"""A program for the command line: `vae_bernoulli.py`, the right one and ones that have something wrong."""

import re

from tests.submissions.build import ROOT

from .tools import explain, write

RIGHT = (ROOT / "reference/programs/vae_bernoulli.py").read_text()
ALL = {"train", "sample", "missing_model"}


def graded(grade, folder, text):
    """Return the names of the checks that the program fails."""
    record = grade(write(folder, {"vae_bernoulli.py": text}), ("vae_command_line",))
    (task,) = record.tasks
    assert {check.id.partition(".")[2] for check in task.checks} == ALL, explain(record)
    return {check.id.partition(".")[2] for check in task.checks if check.outcome.value == "failed"}


def replaced(text, pattern, replacement):
    """Return the text with one place changed."""
    changed, count = re.subn(pattern, replacement, text)
    assert count == 1
    return changed


def test_the_right_program(grade, tmp_path):
    """It passes, in other words, too: named files elsewhere, a figure with margins, a traceback that names the file."""
    assert graded(grade, tmp_path / "right", RIGHT) == set()

    other = replaced(RIGHT, r"from torchvision.utils import save_image\n", "import matplotlib.pyplot as plt\n")
    other = replaced(other, r"    if not Path.*\n.*\n", "")
    drawn = r"""        images = model.sample(16).cpu().view(16, 28, 28)
    _, places = plt.subplots(4, 4)
    for place, image in zip(places.flat, images):
        place.imshow(image, cmap="gray_r")
        place.axis("off")
    plt.savefig(options.samples)
"""
    other = replaced(other, r"        save_image.*\n", drawn)
    assert graded(grade, tmp_path / "other", other) == set()


def test_wrong_programs(grade, tmp_path):
    """One fault fails one check: another size is ignored, the weights are not used, a missing file goes unsaid."""
    unused = replaced(RIGHT, r"    model.load_state_dict.*\n", "")
    assert graded(grade, tmp_path / "unused", unused) == {"sample"}

    both = replaced(RIGHT, r'sys.exit\(f".*"\)', 'return print("nothing there")')
    both = replaced(both, r"    options.do\(options\)", "    options.latent_dim = 10\n    options.do(options)")
    assert graded(grade, tmp_path / "both", both) == {"train", "missing_model"}
