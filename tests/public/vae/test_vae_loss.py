"""Loss of a VAE."""

from autograder.authoring import check, inputs
from tests.public.sizes import SIZES
from tests.public.vae.known import require_by_hand
from tests.public.vae.test_elbo import elbo


@inputs("vae_loss", sizes=SIZES, scale="D")
def vae_loss(draw):
    """The same as of the bound."""
    return elbo(draw)


@check("vae_loss", "golden")
def test_golden(student):
    """By hand: a decoder that ignores z and says ½ for the first of two pixels and ¾ for the second, which is white in half of the
    images. If q(z | x) is the prior, the loss is −log ½ − ½ (log ¾ + log ¼) = 1.5301; if q is N(2, 1) it is 2 more, since
    KL = ½ · 2².
    """
    require_by_hand(
        student, "vae_loss", -1.0, "The loss is the negative bound: KL − log p(x | z), averaged over images."
    )
