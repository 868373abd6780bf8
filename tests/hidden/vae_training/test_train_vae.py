"""Training a VAE: what comes back, how well it tells images that it has not seen, what the history says, and that settings are settings.

What is only asked for its effect on the weights is asked of short trainings on forty images (`VaeRun.short`), each made once.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from autograder.authoring import CheckFailed, FailureKind, check
from autograder.authoring.failures import CheckStopped
from autograder.checking.student import Student
from autograder.training.history import history_list
from autograder.training.measures.vae import Trained, VaeRun, nats
from autograder.training.weights import alike, moved, same
from tests.hidden.trainings import require_settings, wrong
from tests.public.vae_training.evidence import mistake_in_learning

MIXTURE = 5
GREY = {"gaussian": "gaussian", "gaussian_learned": "gaussian", "continuous_bernoulli": "continuous_bernoulli"}
MARGIN = {"gaussian": 25, "continuous_bernoulli": 200}
MIXED_MARGIN = 40
"""Nats per image by which a model with latent variables must be better than without; right ones have several times as many."""
NARROWER = 3.0
"""Nats by which the bound may be better with other log-variances: right ones have up to 1.7 (many samples inside the logarithm), a
deviation of exp(log_var) 5, one without gradients 15.
"""
LONGER = {"n": 300, "latent_dim": 5, "batch_size": 30, "learning_rate": 3e-3}
EPOCHS = (10, 40)
"""What is enough for that: ten epochs, and forty for two hidden layers whose latent variables sleep at first (measured: 163 and more then;
a wrong one stays 23 below).
"""
MIXED = LONGER | {"n": 600, "prior": "mixture", "n_components": MIXTURE}


@check("train_vae", "contract")
def test_contract(student: Student, run: VaeRun):
    """`train_vae` takes the documented arguments and returns (model, history); `encode` and `decode` map batches of any size, and
    `state_dict` holds tensors.
    """
    model = run.made(student, run.case(images=run.images[:20], latent_dim=2, epochs=1), form=True)
    if model.history is None:
        learnt = run.trained(student).test.bound >= run.rule.threshold
        message = "`train_vae` returns the model alone, but (model, history) are asked for"
        raise CheckFailed(FailureKind.CONTRACT, message, mistake="history_forgotten" if learnt else "")
    if not isinstance(model.history, dict):
        raise CheckFailed(FailureKind.CONTRACT, "the history should be a dictionary with the list `elbo`")
    for n in (1, 5):
        mean, _ = run.encode(student, model.handle, run.test_images[:n])
        if mean.shape[1] != 2:
            raise CheckFailed(
                FailureKind.CONTRACT, f"with `latent_dim=2` `encode` gives {mean.shape[1]} numbers for an image"
            )
        run.decode(student, model.handle, mean)
    student.require_form()


@check("train_vae", "weights")
def test_weights(student: Student, run: VaeRun):
    """What the model has learnt is in its `state_dict`: loaded into an untrained model (`epochs=0`) elsewhere it decodes as before."""
    if not decodes_elsewhere(student, run):
        message = (
            "weights that `state_dict` gave, loaded into an untrained model (`epochs=0`), decode z to something else"
        )
        raise wrong(message, "Whatever `decode` needs belongs to the model's parameters and buffers.", "state_outside")


def decodes_elsewhere(student: Student, run: VaeRun) -> bool:
    """Whether a model with the weights of another decodes as that does, after a short training."""

    def compared() -> bool:
        model = run.short(student)
        z = torch.randn(5, 3, generator=torch.Generator().manual_seed(student.lot("z")))
        here = run.decode(student, model.handle, z)
        there = run.decode(student, run.elsewhere(student, model.weights, run.case(latent_dim=3)), z)
        return torch.allclose(here, there, rtol=1e-3, atol=1e-4)

    return run.once("decodes elsewhere", compared)


@check("train_vae", "elbo")
def test_elbo(student: Student, run: VaeRun):
    """The ELBO of held-out images, measured by the grader: one process encodes them, the grader draws z and charges the KL, and another
    process, with nothing but the weights, decodes.
    """
    trained = run.trained(student)
    test = trained.test
    if test.bound < run.rule.threshold:
        message = (
            f"the ELBO of {len(run.test_images):,} held-out images is {nats(test.bound)} per image (log-likelihood {test.likelihood:.1f}, "
            f"KL {test.divergence:.1f}); {run.rule.threshold:g} is needed, and the best model without latent variables has "
            f"{run.without_latents():.0f} (data: {run.data.name}, {run.rule.epochs} epochs)"
        )
        mistake, evidence = evidence_of(student, run, trained)
        help_text = evidence or (
            "Every batch: zero_grad, the negative ELBO, backward, step. Pixels and latent variables are summed, images averaged; "
            "fresh noise in every step."
        )
        raise wrong(message, help_text, mistake)


def evidence_of(student: Student, run: VaeRun, trained: Trained) -> tuple[str, str]:
    """Return the name of what keeps a model from a good bound, and the evidence for it: `mistake_in_learning`."""
    if not decodes_elsewhere(student, run):
        return "state_outside", "With the same weights in another process, `decode` gives something else."
    if run.learns_nothing(student):
        return "no_update", "After two epochs the weights are those of an untrained model."
    code, said = trained.training, history_list(trained.model.history, "elbo") or []
    return mistake_in_learning(said, run.rule.epochs, code.likelihood, code.divergence, code.at_mean, code.decoded)


@check("train_vae", "posterior", after=["elbo"])
def test_posterior(student: Student, run: VaeRun):
    """`encode` returns the log-variances that training has fitted: with others, the training images are not told better."""
    widths = dict(run.trained(student).widths)
    usual = widths.pop("as encoded")
    best = max(widths, key=widths.__getitem__)
    if widths[best] > usual + NARROWER:
        other = "doubled" if best == "twice" else f"{best} each"
        message = (
            f"the bound of training images is {nats(usual)} with the log-variances that `encode` returns, and {nats(widths[best])} with "
            f"these {other}: they are not those that the bound is best for"
        )
        help_text = "The deviation is exp(log_var / 2), in the noise as in the KL, and gradients flow through both."
        twice = widths["twice"] > usual + NARROWER
        raise wrong(message, help_text, "variance_as_deviation" if twice else "")


@contextmanager
def explained(student: Student, run: VaeRun) -> Iterator[None]:
    """What the whole training shows to be wrong explains what fails in other trainings, too."""
    try:
        yield
    except CheckFailed as failure:
        failure.mistake = known_mistake(student, run) or failure.mistake
        raise


def known_mistake(student: Student, run: VaeRun) -> str:
    """Return the name of what keeps the model of the whole training from a good bound, "" where there is none."""
    try:
        trained = run.trained(student)
        return evidence_of(student, run, trained)[0] if trained.test.bound < run.rule.threshold else ""
    except (CheckFailed, CheckStopped):
        return ""


@check("train_vae", "history", given=True)
def test_history(student: Student, run: VaeRun):
    """The history holds the ELBO of every epoch, in nats per image, and the last one is about what the returned model reaches on the
    training images.
    """
    with explained(student, run):
        trained = run.trained(student)
        measured = trained.training.bound
        said = history_list(trained.model.history, "elbo")
        if said is None or len(said) != run.rule.epochs or not all(map(math.isfinite, said)):
            message = f"history['elbo'] should be a list of {run.rule.epochs} numbers, one per epoch"
            mistake = "one_epoch_only" if said is not None and len(said) == 1 < run.rule.epochs else ""
            raise CheckFailed(FailureKind.CONTRACT, message, mistake=mistake)
        # an average over the epoch lags behind by what was learnt in it, and is lower still in training mode, with dropout and batch
        # normalisation; draws of z differ
        last, lag = said[-1], 3 * abs(said[-1] - said[-2 if len(said) > 1 else -1]) + 1.0
        allowed = (0.12 if last < measured else 0.05) * abs(measured) + lag
        if abs(last - measured) > min(allowed, 0.5 * abs(measured)):
            message = (
                f"history['elbo'] says {last:.4g} at the end, but on the training images the returned model reaches "
                f"{nats(measured)} per image"
            )
            help_text = "The bound itself, not the loss; summed over pixels and latent variables, averaged over all images of the epoch."
            raise wrong(message, help_text, mistake_in_history(run, measured, last))


def mistake_in_history(run: VaeRun, measured: float, last: float) -> str:
    """Return the name of what the history holds in place of the bound, where its last number proves it; "" otherwise."""
    n, pixels, batch = len(run.images), run.images.shape[1], run.rule.batch_size
    others = {
        "loss_in_history": [-1.0],
        "history_not_per_image": [n, batch, n / batch, -n, -batch, -n / batch],
        "history_per_pixel": [1 / pixels, -1 / pixels],
    }
    for name, factors in others.items():
        if any(abs(last - factor * measured) < 0.1 * abs(factor * measured) for factor in factors):
            return name
    return ""


@check("train_vae", "settings")
def test_settings(student: Student, run: VaeRun):
    """Settings are settings: the same seed gives the same model and another seed another one; epochs, batch size and learning rate make
    a difference; with a learning rate of 0 nothing is learnt; images that fill less than one batch are learnt from.
    """
    with explained(student, run):
        require_settings(student, run)


@check("train_vae", "likelihoods")
def test_likelihoods(student: Student, run: VaeRun):
    """`likelihood` says what p(x | z) is: grey images that were held out are told better than by the best model without latent
    variables, by Gaussians and by continuous Bernoullis, and a learnt variance makes a difference.
    """
    with explained(student, run):
        weights = {name: run.short(student, likelihood=name).weights for name in ("bernoulli", *GREY)}
        as_bernoulli = [name for name in GREY if same(weights[name], weights["bernoulli"])]
        if as_bernoulli:
            message = f"`likelihood={as_bernoulli[0]!r}` gives the same model as `likelihood='bernoulli'`"
            help_text = "Without its constant C(λ) the continuous Bernoulli is the Bernoulli, gradients included."
            if as_bernoulli == ["continuous_bernoulli"]:
                raise wrong(message, help_text, "constant_missing")
            raise wrong(message, mistake="likelihood_ignored")
        if same(weights["gaussian_learned"], weights["gaussian"]):
            message = "`likelihood='gaussian_learned'` gives the same model as `likelihood='gaussian'`"
            raise wrong(message, mistake="variance_not_learnt")
        for likelihood, law in GREY.items():
            bare = run.without_latents(law)
            for epochs in EPOCHS:
                model = run.short(student, grey=True, likelihood=likelihood, epochs=epochs, **LONGER)
                case = run.case(latent_dim=LONGER["latent_dim"], likelihood=likelihood)
                decoder = run.elsewhere(student, model.weights, case)
                bound = run.code(student, model, decoder, run.test_grey[:200], law).bound
                if bound >= bare + MARGIN[law]:
                    break
            else:
                message = (
                    f"with `likelihood={likelihood!r}` the bound of grey held-out images is {bound:.0f} nats per image after {epochs} "
                    f"epochs; the best model without latent variables has {bare:.0f}, and {MARGIN[law]} more are needed"
                )
                help_text = "`decode` returns the mean of a Gaussian, the logits of a continuous Bernoulli."
                raise wrong(message, help_text)


@check("train_vae", "mixture")
def test_mixture(student: Student, run: VaeRun):
    """`prior="mixture"` learns a mixture of `n_components` Gaussians with the rest: its parameters belong to the model and change, and
    held-out images are told well, charged with a mixture that the grader fits to the latent variables.
    """
    with explained(student, run):
        asked = {"prior": "mixture", "n_components": MIXTURE}
        normal, mixed = run.short(student), run.short(student, **asked)
        if same(normal.weights, mixed.weights):
            raise wrong('`prior="mixture"` gives the same networks as `prior="normal"`', mistake="prior_ignored")
        usual = moved(run.short(student, epochs=1).weights, normal.weights)
        learnt = moved(run.short(student, epochs=1, **asked).weights, mixed.weights)
        more = sum(count for name, count in learnt.items() if not usual.get(name))
        least = MIXTURE * 3 + MIXTURE + MIXTURE - 1  # means, a variance for each component, and weights that sum to 1
        if more < least:
            message = (
                f"a mixture of {MIXTURE} Gaussians in three dimensions has {least} numbers or more to learn; beside what a normal prior "
                f'needs, {more} numbers of `state_dict` are learnt with `prior="mixture"`'
            )
            help_text = "Weights, means and variances of the mixture are nn.Parameters of the model, and given to the optimiser."
            raise wrong(message, help_text, "mixture_not_learnt")
        of_mixture = [mixed.weights[name] for name in learnt if not usual.get(name)]
        if all_alike([value for value in of_mixture if sorted(value.shape) == sorted((MIXTURE, 3))]):
            message = f"after training, the {MIXTURE} components of the mixture are one and the same"
            help_text = (
                "Components that start alike get the same gradients, and stay alike: start their means at random."
            )
            raise wrong(message, help_text, "components_alike")
        bare = run.without_latents()
        for epochs in EPOCHS:
            model = run.short(student, epochs=epochs, **MIXED)
            decoder = run.elsewhere(student, model.weights, run.case(latent_dim=LONGER["latent_dim"], **asked))
            log_prior = run.mixture(student, model, run.images[: MIXED["n"]], MIXTURE)
            bound = run.code(student, model, decoder, run.test_images[:200], log_prior=log_prior).bound
            if bound >= bare + MIXED_MARGIN:
                return
        message = (
            f'with `prior="mixture"` the bound of held-out images is {nats(bound)} per image after {epochs} epochs; the best model without '
            f"latent variables has {bare:.0f}, and {MIXED_MARGIN} more are needed"
        )
        raise wrong(
            message, "The KL is estimated by log q(z | x) - log p(z) at the sample of z: both with their signs."
        )


def all_alike(tables: list[torch.Tensor]) -> bool:
    """Whether there are tables with a row or a column for each component, and all of these are the same, but for rounding in gradients."""
    rows = [table if table.shape[0] == MIXTURE else table.T for table in tables]
    return bool(rows) and all(torch.allclose(table, table[:1].expand_as(table), atol=3e-4) for table in rows)


@check("train_vae", "snapshots")
def test_snapshots(student: Student, run: VaeRun):
    """Where epochs are asked for in `snapshot_epochs`, the history keeps the weights as they were then (where it does not, nothing is lost:
    the grader trains anew for its pictures).
    """
    with explained(student, run):
        model = run.short(student, epochs=3, snapshot_epochs=(1, 3))
        found = model.history.get("snapshots") if isinstance(model.history, dict) else None
        if not found:
            return
        if isinstance(found, list | tuple) and len(found) == 2:  # in the order of the epochs
            found = dict(zip((1, 3), found, strict=True))
        if not isinstance(found, dict) or set(found) != {1, 3} or not all(isinstance(found[e], dict) for e in (1, 3)):
            raise wrong(
                "history['snapshots'] should have an entry for each of the epochs 1 and 3: a copy of the `state_dict`"
            )
        if same(found[1], found[3]):
            message = "the snapshots of epochs 1 and 3 hold the same weights"
            help_text = "`state_dict()` hands out the tensors, which go on changing: copy.deepcopy(model.state_dict()) is a copy."
            raise wrong(message, help_text, "snapshots_not_copied")
        if not alike(found[3], model.weights):
            raise wrong("the snapshot of the last epoch is not what the returned model holds")
