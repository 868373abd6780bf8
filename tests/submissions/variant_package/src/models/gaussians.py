import numpy as np
import torch


class DiagonalGaussian:
    """Parametrised by mean and LOG STANDARD DEVIATION, as in the Toronto handout."""

    def __init__(self, mean, log_std):
        self.mean, self.log_std = mean, log_std

    @classmethod
    def from_log_var(cls, mean, log_var):
        return cls(mean, log_var / 2)

    @classmethod
    def standard(cls, like):
        return cls(torch.zeros_like(like), torch.zeros_like(like))

    def log_prob(self, x):
        eps = (x - self.mean) * (-self.log_std).exp()
        return (-0.5 * eps**2 - self.log_std - 0.5 * np.log(2 * np.pi)).sum(-1)

    def rsample(self, generator=None):
        shape = torch.broadcast_shapes(self.mean.shape, self.log_std.shape)
        eps = torch.empty(shape, dtype=self.mean.dtype, device=self.mean.device).normal_(generator=generator)
        return self.mean + eps * self.log_std.exp()

    def kl_to_standard(self):
        return (0.5 * (2 * self.log_std).exp() + 0.5 * self.mean**2 - 0.5 - self.log_std).sum(-1)
