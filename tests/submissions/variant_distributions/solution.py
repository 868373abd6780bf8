# Everything in one file. I use torch.distributions wherever it exists.
import torch
import torch.distributions as td
from torch import nn


def gaussian_log_density(x, mean, log_var):
    return td.Independent(td.Normal(mean, (0.5 * log_var).exp()), 1).log_prob(x)


def bernoulli_log_density(x, logits):
    return td.Bernoulli(logits=logits, validate_args=False).log_prob(x)


def sample_gaussian(mean, log_var):
    return td.Normal(mean, torch.exp(log_var / 2)).rsample()


def kl_standard_normal(mean, log_var):
    # the closed form; kl_divergence(Normal, Normal) takes the log of an exp
    return ((log_var.exp() + mean.square() - log_var - 1) / 2).sum(dim=-1)


def ppca_marginal(W, mu, sigma2):
    return mu.clone(), W.mm(W.T) + torch.diag_embed(torch.ones_like(mu) * sigma2)


def ppca_posterior(x, W, mu, sigma2):
    M = W.T @ W + sigma2 * torch.eye(W.shape[-1]).to(W)
    L = torch.linalg.cholesky(M)
    mean = torch.cholesky_solve(W.T @ (x - mu).T, L).T
    return mean, sigma2 * torch.cholesky_inverse(L)


def ppca_log_likelihood(X, W, mu, sigma2):
    m, C = ppca_marginal(W, mu, sigma2)
    return td.MultivariateNormal(m, covariance_matrix=C).log_prob(X)


def ppca_fit(X, n_components):
    """EM did the job as well, but the eigenvectors are shorter."""
    mu = torch.mean(X, 0)
    S = torch.cov(X.T, correction=0)
    S = S.reshape(len(mu), len(mu))
    values, vectors = torch.linalg.eigh(S)
    values, vectors = values.flip(0), vectors.flip(1)
    s2 = values[n_components:].mean()
    W = vectors[:, :n_components] @ torch.diag((values[:n_components] - s2).clamp_min(0).sqrt())
    R = torch.linalg.qr(torch.randn(n_components, n_components, dtype=X.dtype))[0]  # any rotation is fine
    return W @ R, mu, float(s2)


def elbo(x, encoder, decoder, n_samples=1):
    """Monte Carlo for the likelihood, joint form: log p(x, z) - log q(z|x) would be fine too."""
    mu, lv = encoder(x)
    q = td.Independent(td.Normal(mu, torch.exp(lv / 2)), 1)
    z = q.rsample((n_samples,))
    px = td.Independent(td.Bernoulli(logits=decoder(z), validate_args=False), 1)
    return (px.log_prob(x).mean(0) - kl_standard_normal(mu, lv)).mean()


def vae_loss(*args, **kwargs):
    return -elbo(*args, **kwargs)


def log_mean_exp(log_w):
    return log_w.logsumexp(0) - torch.tensor(float(len(log_w)), dtype=log_w.dtype).log()


def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    mu, lv = encoder(x)
    q = td.Independent(td.Normal(mu, torch.exp(lv / 2)), 1)
    z = q.rsample((n_samples,))
    prior = td.Independent(td.Normal(torch.zeros_like(z), torch.ones_like(z)), 1)
    out = decoder(z)
    px = td.Independent(td.Normal(out, torch.ones_like(out) * sigma_p), 1)
    return log_mean_exp(prior.log_prob(z) + px.log_prob(x) - q.log_prob(z))


def standard(z):
    return td.Independent(td.Normal(torch.zeros_like(z), torch.ones_like(z)), 1)


def log_prior(z):
    return standard(z).log_prob(z)


def sample_bernoulli(logits):
    return td.Bernoulli(logits=logits, validate_args=False).sample()


def mixture_log_density(z, logits, means, log_vars):
    parts = td.Independent(td.Normal(means, (0.5 * log_vars).exp()), 1)
    return td.MixtureSameFamily(td.Categorical(logits=logits), parts).log_prob(z)


def kl_gaussian(mean_q, log_var_q, mean_p, log_var_p):
    return td.kl_divergence(td.Normal(mean_q, (log_var_q / 2).exp()), td.Normal(mean_p, (log_var_p / 2).exp()))


def kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars):
    return (gaussian_log_density(z, mean, log_var) - mixture_log_density(z, logits, means, log_vars)).mean(dim=0)


def log_likelihood(x, z, decoder):
    return td.Independent(td.Bernoulli(logits=decoder(z), validate_args=False), 1).log_prob(x)


def joint_log_density(x, z, decoder):
    return log_prior(z) + log_likelihood(x, z, decoder)


def log_likelihood_top(x_top, z, decoder):
    return td.Independent(td.Bernoulli(logits=decoder(z)[:, :392], validate_args=False), 1).log_prob(x_top)


def log_joint_top(x_top, zs, decoder):
    return log_prior(zs) + log_likelihood_top(x_top, zs, decoder)


def ppca_sample(n, W, mu, sigma2):
    return td.MultivariateNormal(*ppca_marginal(W, mu, sigma2)).sample((n,))


def importance_log_weights(x, z, mean, log_var, decoder, sigma_p):
    out = decoder(z)
    px = td.Independent(td.Normal(out, torch.ones_like(out) * sigma_p), 1)
    return standard(z).log_prob(z) + px.log_prob(x) - gaussian_log_density(z, mean, log_var)


def latent_objective(x, mean, log_var, decoder):
    q = td.Independent(td.Normal(mean, (log_var / 2).exp()), 1)
    return (x - decoder(q.rsample())).pow(2).sum() + td.kl_divergence(q, standard(mean)).sum()


def prior_log_likelihood(x, decoder, latent_dim, log_var_x, n_samples):
    z = td.Normal(torch.zeros(latent_dim).to(x), 1).sample((n_samples, 1))
    px = td.Independent(td.Normal(decoder(z), torch.as_tensor(log_var_x).to(x).div(2).exp()), 1)
    return td.MixtureSameFamily(
        td.Categorical(logits=torch.zeros(n_samples).to(x)),
        td.Independent(td.Normal(px.mean.squeeze(1), px.stddev.squeeze(1)), 1),
    ).log_prob(x)


def svi_elbo(x_top, mean, log_var, decoder, n_samples):
    q = td.Independent(td.Normal(mean, (log_var / 2).exp()), 1)
    zs = q.rsample((n_samples,))
    return (log_joint_top(x_top, zs, decoder) - q.log_prob(zs)).mean()


def fit_top_posterior(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    torch.manual_seed(seed)
    mean = nn.Parameter(torch.randn(latent_dim, dtype=x_top.dtype))
    log_std = nn.Parameter(torch.zeros(latent_dim, dtype=x_top.dtype))
    optimizer = torch.optim.Adam([mean, log_std], lr=learning_rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = -svi_elbo(x_top, mean, 2 * log_std, decoder, n_samples)
        loss.backward()
        optimizer.step()
    return mean.data, 2 * log_std.data


def gaussian_elbo(x, encoder, decoder, log_var_x, n_samples=1):
    mean, log_var = encoder(x)
    q = td.Independent(td.Normal(mean, (log_var / 2).exp()), 1)
    z = q.rsample((n_samples,))
    scale = (torch.as_tensor(log_var_x).to(x) / 2).exp()
    px = td.Independent(td.Normal(decoder(z), scale), 1)
    return (px.log_prob(x) + standard(mean).log_prob(z) - q.log_prob(z)).mean()


def ancestral_sample(n, decoder, latent_dim):
    px = td.Bernoulli(logits=decoder(td.Normal(0.0, 1.0).sample((n, latent_dim))))
    return px.mean, px.sample()


@torch.no_grad()
def evaluate_elbo(images, model, n_samples=1):
    mode = model.training
    model.eval()
    q = td.Independent(td.Normal(*split_scale(model.encode(images))), 1)
    z = q.sample((n_samples,))
    log_px = td.Independent(td.Bernoulli(logits=model.decode(z), validate_args=False), 1).log_prob(images)
    model.train(mode)
    return (log_px.mean(0) - td.kl_divergence(q, standard(q.mean))).mean().item()


def posterior_samples(x, encoder):
    return td.Normal(*split_scale(encoder(x))).rsample()


def project_2d(z):
    if z.shape[1] <= 2:
        return torch.column_stack([z, z.new_zeros(len(z), 2 - z.shape[1])])
    from sklearn.decomposition import PCA

    return torch.as_tensor(PCA(2).fit_transform(z.numpy())).to(z)


def split_scale(both):
    return both[0], (0.5 * both[1]).exp()


@torch.no_grad()
def evaluate_classifier(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    logits = torch.cat([model(part) for part in images.split(batch_size)])
    model.train(mode)
    loss = -td.Categorical(logits=logits).log_prob(labels).mean()
    return float(loss), float((logits.argmax(-1) == labels).float().mean())


def train_classifier(images, labels, val_images, val_labels, epochs=5, batch_size=64, learning_rate=1e-3, device="cpu", seed=0):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Flatten(), nn.BatchNorm1d(784), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10), nn.LogSoftmax(-1)
    ).to(device)
    opt = torch.optim.AdamW(net.parameters(), lr=learning_rate, weight_decay=1e-4)
    history = {"val_loss": [], "val_accuracy": []}
    x, y = images.to(device), labels.to(device)
    for _ in range(epochs):
        net.train()
        for idx in torch.randperm(len(x)).split(batch_size):
            if len(idx) < 2:
                continue
            opt.zero_grad(set_to_none=True)
            nn.functional.nll_loss(net(x[idx]), y[idx]).backward()
            opt.step()
        loss, acc = evaluate_classifier(net, val_images.to(device), val_labels.to(device), batch_size)
        history["val_loss"].append(loss)
        history["val_accuracy"].append(acc)
    return net, history


def _layer(n_in, n_out):
    bound = n_in**-0.5
    return nn.ParameterList([td.Uniform(-bound, bound).sample((n_in, n_out)), torch.zeros(n_out)])


class Decoder(nn.Module):
    def __init__(self, n_latent, n_pixels, n_hidden=500):
        super().__init__()
        self.below, self.above = _layer(n_latent, n_hidden), _layer(n_hidden, n_pixels)

    def forward(self, z):
        h = (z @ self.below[0] + self.below[1]).tanh()
        return h @ self.above[0] + self.above[1]


class Encoder(nn.Module):
    def __init__(self, n_pixels, n_latent, n_hidden=500):
        super().__init__()
        self.below, self.mean, self.log_var = _layer(n_pixels, n_hidden), _layer(n_hidden, n_latent), _layer(n_hidden, n_latent)

    def forward(self, x):
        h = (x @ self.below[0] + self.below[1]).tanh()
        return h @ self.mean[0] + self.mean[1], h @ self.log_var[0] + self.log_var[1]


class MLPClassifier(nn.Module):
    def __init__(self, n_in, n_hidden, n_out, dropout=0.5):
        super().__init__()
        self.below, self.above, self.dropout = _layer(n_in, n_hidden), _layer(n_hidden, n_out), dropout

    def forward(self, x):
        h = (x @ self.below[0] + self.below[1]).relu()
        if self.training:
            h = h * td.Bernoulli(1 - self.dropout).sample(h.shape) / (1 - self.dropout)
        return h @ self.above[0] + self.above[1]


class ConvClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.filters = nn.ParameterList([td.Normal(0.0, 0.2).sample((12, 1, 5, 5)), torch.zeros(12)])
        self.above = _layer(12 * 49, 10)

    def forward(self, x):
        h = nn.functional.conv2d(x, *self.filters, stride=4, padding=2).relu()
        return h.flatten(1) @ self.above[0] + self.above[1]


class ConvEncoder(nn.Module):
    def __init__(self, n_latent):
        super().__init__()
        self.filters = nn.ParameterList([td.Normal(0.0, 0.2).sample((12, 1, 5, 5)), torch.zeros(12)])
        self.above = _layer(12 * 49, 2 * n_latent)

    def forward(self, x):
        h = nn.functional.conv2d(x, *self.filters, stride=4, padding=2).tanh()
        q = td.Independent(td.Normal(*split_scale((h.flatten(1) @ self.above[0] + self.above[1]).chunk(2, 1))), 1)
        return q.mean, 2 * q.base_dist.scale.log()


class ConvDecoder(nn.Module):
    def __init__(self, n_latent):
        super().__init__()
        self.below = _layer(n_latent, 12 * 49)
        self.filters = nn.ParameterList([td.Normal(0.0, 0.2).sample((12, 1, 4, 4)), torch.zeros(1)])

    def forward(self, z):
        h = (z @ self.below[0] + self.below[1]).tanh().unflatten(1, (12, 7, 7))
        pixels = nn.functional.conv_transpose2d(h, *self.filters, stride=4)
        return td.Independent(td.Bernoulli(logits=pixels.flatten(1)), 1).base_dist.logits


class MixturePrior(nn.Module):
    def __init__(self, K, M):
        super().__init__()
        self.pi, self.mu = nn.Parameter(torch.ones(K) / K), nn.Parameter(torch.randn(K, M))
        self.sigma = nn.Parameter(torch.full((K, M), 0.5))

    def distribution(self):
        components = td.Independent(td.Normal(self.mu, nn.functional.softplus(self.sigma)), 1)
        return td.MixtureSameFamily(td.Categorical(probs=self.pi), components)

    def log_prob(self, z):
        return self.distribution().log_prob(z)

    def sample(self, n):
        return self.distribution().sample((n,))


def sample_latent_mixture(n, weights, means, covariances, decoder):
    mixture = td.MixtureSameFamily(td.Categorical(weights), td.MultivariateNormal(means, covariances))
    return decoder(mixture.sample((n,)))


def fit_latent_mixture(codes, n_components, seed):
    X = codes.double()
    torch.manual_seed(seed)
    M = X.shape[1]
    best = None
    for _ in range(3):
        pi = torch.full((n_components,), 1 / n_components, dtype=X.dtype)
        mu = X[torch.randperm(len(X))[:n_components]]
        cov = torch.stack([torch.eye(M, dtype=X.dtype) * X.var()] * n_components)
        for _ in range(80):
            mixture = td.MixtureSameFamily(td.Categorical(pi), td.MultivariateNormal(mu, cov))
            joint = mixture.component_distribution.log_prob(X[:, None]) + pi.log()
            gamma = (joint - joint.logsumexp(1, keepdim=True)).exp()
            nk = gamma.sum(0)
            pi, mu = nk / nk.sum(), gamma.T @ X / nk[:, None]
            d = X[None] - mu[:, None]
            cov = (gamma.T[..., None] * d).transpose(1, 2) @ d / nk[:, None, None] + 1e-6 * torch.eye(M, dtype=X.dtype)
        score = joint.logsumexp(1).sum().item()
        if best is None or score > best[0]:
            best = score, pi, mu, cov
    return tuple(t.to(codes.dtype) for t in best[1:])
