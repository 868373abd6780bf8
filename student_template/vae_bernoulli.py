"""A VAE with Bernoulli pixels on the command line: `train` makes a model, `sample` draws images from it.

    python vae_bernoulli.py train --device cpu --latent-dim 10 --epochs 5 --batch-size 128 --model model.pt
    python vae_bernoulli.py sample --device cpu --latent-dim 10 --model model.pt --samples samples.png

`train` reads the training images of MNIST as `torchvision.datasets.MNIST("data")` does, from the folder `data` beside it (the grader puts
a few images of its own there, in the same format), makes zeros and ones of them at 0.5, and writes what was learnt to the file after
`--model`. `sample` reads that file and writes one picture with a grid of images to the file after `--samples`: 64 means of p(x | z), or
draws from it, for z drawn from the prior. Where there is no such model, it says so, names the file, and ends with an exit code other
than 0.

All options have defaults. Source: DTU 02460 week 1, section 2.
"""


def main() -> None:
    """Do what the command line says."""
    raise NotImplementedError


if __name__ == "__main__":
    main()
