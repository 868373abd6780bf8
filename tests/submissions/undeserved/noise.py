"""Noise that is not what it should be: shared, repeated, or of another law, where nobody looks today."""

from __future__ import annotations

from .piece import Piece, with_noise


def _of(body: str) -> str:
    """`def noise(shape, like, generator)` with this body, in which `draw(…)` stands for standard normal numbers of a shape."""
    draw = "    def draw(*sizes):\n        return torch.randn(sizes, generator=generator, dtype=like.dtype)\n\n"
    return (
        "def noise(shape, like, generator):\n" + draw + "".join(f"    {line}\n" for line in body.strip().splitlines())
    )


_SHARED_FROM_THE_THIRD = _of("""
eps = draw(*shape)
return torch.cat([eps[..., :3]] + [eps[..., 2:3]] * (shape[-1] - 3), -1) if shape[-1] > 3 else eps
""")

_NEIGHBOURS_OPPOSITE = _of("""
eps = draw(*shape)
if shape[-1] % 2 == 0:
    eps = torch.cat([eps[..., ::2], -eps[..., ::2]], -1)
return eps
""")

_ONE_SIZE_FOR_ALL_LATENTS = _of("""
signs = torch.sign(draw(*shape))
return signs * draw(*shape[:-1], 1).abs()
""")

_TILED_OVER_THIRDS = _of("""
third = -(-shape[-2] // 3)
return draw(*shape[:-2], third, shape[-1]).repeat(*[1] * (len(shape) - 2), 3, 1)[..., : shape[-2], :]
""")

_GROUPS_OF_EIGHT = _of("""
groups = -(-shape[-2] // 8)
return draw(*shape[:-2], groups, shape[-1]).repeat_interleave(8, -2)[..., : shape[-2], :]
""")

_GROUPS_FAR_APART = _of("""
groups = -(-shape[-2] // 8)
return draw(*shape[:-2], groups, shape[-1]).repeat(*[1] * (len(shape) - 2), 8, 1)[..., : shape[-2], :]
""")

_MIRRORED_BATCH = _of("""
eps = draw(*shape)
half = shape[-2] // 2
return torch.cat([eps[..., : shape[-2] - half, :], -eps[..., :half, :].flip(-2)], -2)
""")

_STREAMS = """
def noise(shape, like, generator):
    stream = int(torch.randint({count}, (), generator=generator))
    return torch.randn(shape, generator=torch.Generator().manual_seed(stream), dtype=like.dtype)
"""

_EVERY_SECOND_CALL = """
_LAST = []


def noise(shape, like, generator):
    if _LAST and _LAST[0].shape == torch.Size(shape):
        return -_LAST.pop().to(like.dtype)
    _LAST[:] = [torch.randn(shape, generator=generator, dtype=like.dtype)]
    return _LAST[0]
"""

_FIRST_CALLS = """
_CALLS = []


def noise(shape, like, generator):
    _CALLS.append(1)
    eps = torch.randn(shape, generator=generator, dtype=like.dtype)
    return eps if len(_CALLS) <= {count} else torch.zeros_like(eps)
"""

_SAMPLES_IN_PAIRS = _of("""
return draw(-(-shape[0] // 2), *shape[1:]).repeat_interleave(2, 0)[: shape[0]]
""")

_COPIED_BETWEEN_EXAMPLES_AND_SAMPLES = _of("""
if len(shape) < 3:
    return draw(*shape)
S, B = shape[:2]
place = (torch.arange(S)[:, None] + torch.arange(B)[None, :]) % max(S, B)
return draw(max(S, B), shape[-1])[place]
""")

_UNIFORM = _of("return math.sqrt(12) * (torch.rand(shape, generator=generator, dtype=like.dtype) - 0.5)")
_SIGNS = _of("return torch.sign(draw(*shape))")
_ABSOLUTE = _of("return (draw(*shape).abs() - math.sqrt(2 / math.pi)) / math.sqrt(1 - 2 / math.pi)")
_STUDENT = _of("return draw(*shape) / torch.sqrt(sum(draw(*shape) ** 2 for _ in range(5)) / 3)")
_TRUNCATED = _of("return draw(*shape).clamp(-2, 2)")
_LAPLACE = _of("return (draw(*shape) * draw(*shape) + draw(*shape) * draw(*shape)) / math.sqrt(2)")
_THREE_UNIFORMS = _of(
    "return 2 * sum(torch.rand(shape, generator=generator, dtype=like.dtype) - 0.5 for _ in range(3))"
)
_ON_A_GRID = _of("return torch.round(4 * draw(*shape)) / 4")
_RING = _of("""
eps = draw(*shape)
return eps / eps.norm(dim=-1, keepdim=True) * math.sqrt(shape[-1])
""")

PIECES = (
    Piece(
        "sample_gaussian",
        "shared_from_the_third_dimension",
        "All latent dimensions after the third share the noise of the third.",
        with_noise("sample_gaussian", _SHARED_FROM_THE_THIRD),
    ),
    Piece(
        "sample_gaussian",
        "tiled_over_thirds",
        "The noise of the first third of the batch is used again for the other two.",
        with_noise("sample_gaussian", _TILED_OVER_THIRDS),
    ),
    Piece(
        "sample_gaussian",
        "shared_by_eight_far_apart",
        "Every ε is used for eight examples that lie an eighth of the batch apart.",
        with_noise("sample_gaussian", _GROUPS_FAR_APART),
    ),
    Piece(
        "sample_gaussian",
        "mirrored_batch",
        "The last example has minus the noise of the first, and so on to the middle: half of the draws are none.",
        with_noise("sample_gaussian", _MIRRORED_BATCH),
    ),
    Piece(
        "sample_gaussian",
        "thirty_two_streams",
        "There are 32 different noises in all: every call starts a generator with one of 32 seeds.",
        with_noise("sample_gaussian", _STREAMS.format(count=32)),
    ),
    Piece(
        "sample_gaussian",
        "every_second_call_opposite",
        "Every second call of a shape returns minus the noise of the call before: not fresh.",
        with_noise("sample_gaussian", _EVERY_SECOND_CALL),
    ),
    Piece(
        "sample_gaussian",
        "noise_in_the_first_forty_calls",
        "After forty calls there is no noise any more.",
        with_noise("sample_gaussian", _FIRST_CALLS.format(count=40)),
    ),
    Piece(
        "sample_gaussian",
        "multiples_of_a_quarter",
        "ε is rounded to multiples of ¼: 30 different values or so.",
        with_noise("sample_gaussian", _ON_A_GRID),
    ),
    Piece(
        "sample_gaussian",
        "truncated_at_two",
        "ε beyond ±2 is cut to ±2: 4.6 % of all draws are one of two numbers.",
        with_noise("sample_gaussian", _TRUNCATED),
    ),
    Piece(
        "sample_gaussian",
        "last_latents_opposite",
        "Where M is even, half of the latents have minus the noise of the other half.",
        with_noise("sample_gaussian", _NEIGHBOURS_OPPOSITE),
    ),
    Piece("elbo", "uniform", "ε is uniform with variance 1.", with_noise("elbo", _UNIFORM)),
    Piece("elbo", "signs", "ε is −1 or 1.", with_noise("elbo", _SIGNS)),
    Piece(
        "elbo",
        "absolute_value",
        "ε is |N(0, 1)|, shifted and scaled to mean 0 and variance 1: skewed.",
        with_noise("elbo", _ABSOLUTE),
    ),
    Piece("elbo", "student_t", "ε is t with 5 degrees of freedom, scaled to variance 1.", with_noise("elbo", _STUDENT)),
    Piece("elbo", "truncated_at_two", "ε beyond ±2 is cut to ±2.", with_noise("elbo", _TRUNCATED)),
    Piece(
        "elbo",
        "shared_from_the_third_latent",
        "Latents after the third share one ε.",
        with_noise("elbo", _SHARED_FROM_THE_THIRD),
    ),
    Piece(
        "elbo",
        "one_size_for_all_latents",
        "All latents of an example share |ε|; only the signs are their own.",
        with_noise("elbo", _ONE_SIZE_FOR_ALL_LATENTS),
    ),
    Piece(
        "elbo",
        "shared_by_groups_of_eight",
        "Each ε is used for eight neighbouring examples.",
        with_noise("elbo", _GROUPS_OF_EIGHT),
    ),
    Piece(
        "elbo",
        "samples_in_pairs",
        "Every sample is used twice: n_samples draws are half as many.",
        with_noise("elbo", _SAMPLES_IN_PAIRS),
    ),
    Piece(
        "elbo", "two_streams", "There are two different noises in all.", with_noise("elbo", _STREAMS.format(count=2))
    ),
    Piece(
        "elbo",
        "every_second_call_opposite",
        "Every second call has minus the noise of the call before.",
        with_noise("elbo", _EVERY_SECOND_CALL),
    ),
    Piece(
        "elbo",
        "passed_from_example_to_example",
        "Sample s of example b has the noise of sample s + 1 of example b − 1: B + S vectors serve for B · S.",
        with_noise("elbo", _COPIED_BETWEEN_EXAMPLES_AND_SAMPLES),
    ),
    Piece("vae_loss", "product_of_normals", "ε has Laplace's law with variance 1.", with_noise("vae_loss", _LAPLACE)),
    Piece("vae_loss", "uniform", "ε is uniform with variance 1.", with_noise("vae_loss", _UNIFORM)),
    Piece(
        "vae_loss",
        "tiled_over_thirds",
        "The noise of the first third of the batch is used again for the others.",
        with_noise("vae_loss", _TILED_OVER_THIRDS),
    ),
    Piece(
        "vae_loss",
        "noise_in_the_first_calls",
        "After 600 calls there is no noise any more.",
        with_noise("vae_loss", _FIRST_CALLS.format(count=600)),
    ),
    Piece(
        "vae_loss",
        "last_latents_opposite",
        "Where M is even, half of the latents have minus the noise of the other half.",
        with_noise("vae_loss", _NEIGHBOURS_OPPOSITE),
    ),
    Piece(
        "vae_loss",
        "on_a_sphere",
        "ε lies on the sphere of radius √M: right mean and covariance, never near the mean of q.",
        with_noise("vae_loss", _RING),
    ),
    Piece(
        "estimate_log_likelihood",
        "shared_from_the_third_latent",
        "Latents after the third share one ε.",
        with_noise("estimate_log_likelihood", _SHARED_FROM_THE_THIRD),
    ),
    Piece(
        "estimate_log_likelihood",
        "tiled_over_thirds",
        "The noise of the first third of the batch is used again for the others.",
        with_noise("estimate_log_likelihood", _TILED_OVER_THIRDS),
    ),
    Piece(
        "estimate_log_likelihood",
        "three_uniforms_for_more_than_one_sample",
        "With more than one sample ε is the sum of three uniform numbers: its tails end at ±3.",
        with_noise(
            "estimate_log_likelihood",
            _THREE_UNIFORMS.replace("    return 2", "    if shape[0] == 1:\n        return draw(*shape)\n    return 2"),
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "samples_in_pairs",
        "Every sample is used twice.",
        with_noise("estimate_log_likelihood", _SAMPLES_IN_PAIRS),
    ),
    Piece(
        "estimate_log_likelihood",
        "thirty_two_streams",
        "There are 32 different noises in all.",
        with_noise("estimate_log_likelihood", _STREAMS.format(count=32)),
    ),
    Piece(
        "estimate_log_likelihood",
        "every_second_call_opposite",
        "Every second call has minus the noise of the call before.",
        with_noise("estimate_log_likelihood", _EVERY_SECOND_CALL),
    ),
)
