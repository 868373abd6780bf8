"""`vae_bernoulli.py`: what its two commands write. Models are trained on images of the check's own, in MNIST's files."""

import gzip
import io
import math
import struct
import weakref

import torch
from PIL import Image

from autograder.authoring import CheckFailed, FailureKind, check

PROGRAM = "vae_bernoulli.py"
SECONDS = 60.0
LATENTS = {"dark": 3, "bright": 40}
INK = {"dark": 0.1, "bright": 0.8}
"""Share of white pixels in the images that a model is trained on."""
BRIGHTER = 0.035
"""By which pictures of samples differ then, on average: 0.6 without a margin around them, 0.2 with those of Matplotlib, less in colour."""
MOST_PIXELS = 20_000_000
_models = weakref.WeakKeyDictionary()
"""The models that a submission has made, by what they were trained on."""


def mnist(ink: float, seed: int) -> dict[str, bytes]:
    """Return the files of a data set of images (28, 28): rectangles of shades that differ, `ink` of all pixels white on average."""
    generator = torch.Generator().manual_seed(seed)
    files = {}
    for part, n in (("train", 640), ("t10k", 100)):
        shades = torch.rand(n, 28, 28, generator=generator) * 0.4
        white = torch.rand(n, 7, 7, generator=generator).repeat_interleave(4, 1).repeat_interleave(4, 2) < ink
        pixels = (255 * torch.where(white, 0.6 + shades, shades)).to(torch.uint8)
        labels = torch.randint(0, 10, (n,), generator=generator, dtype=torch.uint8)
        files[f"{part}-images-idx3-ubyte"] = struct.pack(">IIII", 2051, n, 28, 28) + bytes(pixels.flatten().tolist())
        files[f"{part}-labels-idx1-ubyte"] = struct.pack(">II", 2049, n) + bytes(labels.tolist())
    packed = {f"{name}.gz": gzip.compress(data, mtime=0) for name, data in files.items()}
    return {f"data/MNIST/raw/{name}": data for name, data in (files | packed).items()}


def model_of(student, world):
    """Return the file of the model that `train` makes of dark or of bright images; trained once."""
    known = _models.setdefault(student.asked, {})
    if world not in known:
        argv = ["train", "--device", "cpu", "--latent-dim", f"{LATENTS[world]}", "--epochs", "20", "--batch-size", "64"]
        files = mnist(INK[world], student.lot(world))
        run = student.run_script(PROGRAM, [*argv, "--model", "model.pt"], files=files, seconds=SECONDS)
        known[world] = run, run.file("model.pt")
    return known[world]


def brightness(student, world, seed):
    """Return the mean shade of the picture that `sample` makes, in [0, 1]."""
    argv = ["sample", "--device", "cpu", "--latent-dim", f"{LATENTS[world]}", "--model", "model.pt"]
    files = {"model.pt": model_of(student, world)[1]}
    run = student.run_script(PROGRAM, [*argv, "--samples", "samples.png"], files=files, seconds=SECONDS, seed=seed)
    shade = mean_shade(run.file("samples.png"))
    message = f"`samples.png` is no PNG picture, or one with sides below 28 or with more than {MOST_PIXELS:,} pixels"
    student.require(shade is not None, run.case, message)
    return run, shade


def mean_shade(data):
    """Return the mean shade of a picture in [0, 1]; None where it is none, or has a size that is none."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if not 28 <= min(picture.size) <= math.prod(picture.size) <= MOST_PIXELS:
                return None
            shades = picture.convert("L").resize((280, 280), Image.Resampling.BOX).tobytes()
    except Exception:  # a stranger's bytes: Pillow raises nearly anything
        return None
    return sum(shades) / len(shades) / 255


@check("vae_command_line", "train")
def test_train(student):
    """`train` writes a model, which is larger with more latent variables."""
    (_, small), (run, large) = model_of(student, "dark"), model_of(student, "bright")
    message = f"the model with {LATENTS['bright']} latent variables is no larger than that with {LATENTS['dark']}"
    help_text = "All weights belong into the file, and `--latent-dim` says how many latent variables there are."
    student.require(len(large) > len(small) + 4 * 37, run.case, message, help=help_text)


@check("vae_command_line", "sample")
def test_sample(student):
    """`sample` draws images from the model in the file: they are as bright as those that it was trained on."""
    _, dark = brightness(student, "dark", seed=1)
    run, bright = brightness(student, "bright", seed=1)
    message = (
        f"models of dark and of bright images (on average {INK['dark']:.0%} and {INK['bright']:.0%} of the pixels white) give pictures "
        f"whose mean shades are {dark:.2f} and {bright:.2f}"
    )
    help_text = "Load the weights from the file after --model, and decode draws of the prior."
    student.require(abs(bright - dark) > BRIGHTER, run.case, message, help=help_text)


@check("vae_command_line", "missing_model")
def test_missing_model(student):
    """Without the model's file `sample` says so, names it, and ends with an exit code other than 0."""
    argv = ["sample", "--device", "cpu", "--latent-dim", "3", "--model", "nowhere.pt", "--samples", "samples.png"]
    run = student.run_script(PROGRAM, argv, check=False, seconds=SECONDS)
    if run.answer.exception == "NotImplementedError":
        raise CheckFailed(FailureKind.MISSING, "not implemented yet")
    student.require(run.exit_code != 0, run.case, "there is no model `nowhere.pt`, but the exit code is 0")
    said = run.printed + run.answer.message
    student.require("nowhere.pt" in said, run.case, "what is said does not name the file that is missing, `nowhere.pt`")
    written = "samples.png" in run.answer.files
    student.require(not written, run.case, "there is no model, but `samples.png` is written")
