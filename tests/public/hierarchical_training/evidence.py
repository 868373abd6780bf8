"""What the numbers of a trained VAE with two levels prove of how it was trained."""

CERTAIN = 30.0
"""Nats on the wrong side that no noise explains."""


def by_history(last: tuple[float, ...]) -> tuple[str, str] | None:
    """Return the name of what the last finite entries of `elbo`, `kl_1` and `kl_2` prove, and the evidence for it.

    No bound of binary images is above 0, and the two levels together cost at least 0.
    """
    if len(last) < 3:
        return None
    bound, lower, upper = last
    if lower + upper < -CERTAIN:
        evidence = f"`kl_1` and `kl_2` add up to {lower + upper:.4g}: draws of q cost at least 0, so that these cannot be draws."
        return "noise_missing", evidence
    for name, cost, level in (("ratio_reversed", lower, "lower"), ("upper_of_the_wrong_sign", upper, "upper")):
        if bound > CERTAIN and abs(bound - cost) < 0.2 * bound:
            return name, f"The bound grows with what the {level} level costs ({cost:.4g}): that is to be subtracted."
    return None


def of_a_runaway(last: tuple[float, ...], terms: tuple[float, float, float]) -> tuple[str, str]:
    """Return the name of what makes a training run away, and the evidence, from one that is slower; empty texts where nothing is proven.

    Args:
        last: Of its `elbo`, `kl_1` and `kl_2`, the last finite entries.
        terms: What its model is measured to have: log-likelihood, cost of the lower and of the upper level.
    """
    if found := by_history(last):
        return found
    if len(last) == 3 and sum(last) > CERTAIN:  # which should be a log-likelihood
        level, name = max((last[1], "ratio_reversed"), (last[2], "upper_of_the_wrong_sign"))
        return (
            name,
            f"The bound and both costs add up to {sum(last):.4g}, which is no log-likelihood: {level:.4g} was added to the bound.",
        )
    name, evidence = by_terms(*terms, last) if last else ("", "")
    return (name, evidence) if name in ("ratio_reversed", "upper_of_the_wrong_sign") else ("", "")


def by_terms(
    likelihood: float, lower: float, upper: float, said: tuple[float, ...], certain: float = CERTAIN
) -> tuple[str, str]:
    """Return the name of a bound that has other terms than it should, and the evidence for it; empty texts where nothing is proven.

    A name is given only where the bound that it stands for is what the history says last, and far from the right one.

    Args:
        likelihood: Mean of log p(x | z1) over images, in nats.
        lower: Mean of log q(z1 | x) - log p(z1 | z2).
        upper: Mean of KL(q(z2 | z1) || N(0, I)).
        said: The history's last entries: the bound, and the costs of both levels.
        certain: Nats between it and the right bound that a name needs.
    """
    last, *costs = said
    others = {
        "ratio_reversed": (likelihood + lower - upper, "what the lower level costs is added"),
        "lower_missing": (likelihood - upper, "the lower level is not paid for"),
        "upper_missing": (likelihood - lower, "the upper level is not paid for"),
        "upper_of_the_wrong_sign": (likelihood - lower + upper, "what the upper level costs is added"),
    }
    near = {name: abs(value - last) for name, (value, _) in others.items()}
    best = min(near, key=near.__getitem__)
    gap = abs(likelihood - lower - upper - last)
    adds_up = abs(likelihood - sum(costs) - last) < 0.25 * gap  # then the bound is right, and what is in it differs
    if adds_up:
        return "", ""
    if gap > max(certain, 0.12 * abs(last)) and near[best] < 0.25 * gap:  # an average over the epoch lags behind
        return best, f"The history agrees with a bound in which {others[best][1]}."
    return "", ""
