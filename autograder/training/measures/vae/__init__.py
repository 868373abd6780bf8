"""A generative model with latent variables, trained by a submission, and measured by the trusted process as a code.

The evidence lower bound is the length of a message. One process, in which the model was trained, encodes images that it has not seen
before. z is drawn here, and the divergence from the prior is charged here. Another process, which holds nothing but the weights of the
model and has never seen an image, decodes. Whatever the first one does, it cannot tell the second one more than it was charged for.
"""

from autograder.training.measures.vae.codes import WIDTHS, Code, log_likelihood, nats
from autograder.training.measures.vae.run import Trained, VaeRun

__all__ = ["WIDTHS", "Code", "Run", "Trained", "VaeRun", "log_likelihood", "nats"]

Run = VaeRun
"""What `measure_named` finds here."""
