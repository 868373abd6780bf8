"""Stand-ins: values of the reference go into the sandbox as data, gradients flow through them, and nothing else changes."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from make_submission import BRIEF_CALL, LIMITS

from autograder.assignment.contract import Contract
from autograder.assignment.loading import Assignment
from autograder.authoring.cases import Case
from autograder.checking.oracle import Oracle
from autograder.diagnosis.standins import MOST_ELEMENTS, MOST_LENGTH, StandIns
from autograder.outcomes import FailureKind
from autograder.sandbox.inside.values import Probe
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, MalformedRequest, Question, Refusal
from tests.public.divergences.test_kl_standard_normal import kl_standard_normal
from tests.public.sizes import SIZES
from tests.public.vae.test_elbo import elbo

ROOT = Path(__file__).resolve().parents[3]
OWN = Assignment(ROOT)
KL = "kl_standard_normal"
WRONG_KL = "import torch\n\ndef kl_standard_normal(mean, log_var):\n    return 7 * mean.detach().sum(-1)\n"


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The contract of this assignment."""
    return OWN.contract


@pytest.fixture(scope="module")
def oracle(contract: Contract) -> Oracle:
    """The reference of this assignment."""
    return Oracle(OWN.objects, contract)


@pytest.fixture
def ask(sandbox_of: Callable[..., Sandbox], contract: Contract, oracle: Oracle) -> Callable[..., Answer | Refusal]:
    """Ask a submission one question in which some of its functions are stood in for."""

    def run(case: Case, stand_ins: tuple[str, ...], *arguments: str, **files: str) -> Answer | Refusal:
        options = {
            name: files.pop(name) for name in ("seed", "repeat", "gradients", "count_operations") if name in files
        }
        limits = BRIEF_CALL if files.pop("hangs", "") else LIMITS
        named = {text: textwrap.dedent(files[text]) for text in files}
        sandbox = sandbox_of(*arguments, limits=limits, **named)
        sandbox.collaborators = StandIns(oracle, contract, "secret")
        return sandbox.call(replace(case.question(contract[case.function], **options), stand_ins=stand_ins))

    return run


def elbo_case(seed: int = 3) -> Case:
    """A call of the ELBO."""
    return elbo.build(SIZES[4], torch.float64, seed)


def test_the_value_comes_from_the_reference(ask: Callable[..., Answer], oracle: Oracle) -> None:
    """Wherever the function is held (imported by name, under another name, as an attribute, in a class), it is replaced."""
    case = kl_standard_normal.build(SIZES[3], torch.float64, 1)
    vae = """
        import divergences
        from divergences import kl_standard_normal
        from divergences import kl_standard_normal as renamed

        class Tools:
            kl = staticmethod(kl_standard_normal)

        def elbo(x, encoder, decoder, n_samples=1, generator=None):
            from divergences import kl_standard_normal as late
            places = [kl_standard_normal, renamed, divergences.kl_standard_normal, Tools.kl, Tools().kl, late]
            return [kl(x, decoder) for kl in places] + [kl_standard_normal(log_var=decoder, mean=x)]
    """
    arguments = {"x": case.arguments["mean"], "encoder": 0, "decoder": case.arguments["log_var"]}
    answer = ask(Case("elbo", arguments), (KL,), divergences=WRONG_KL, vae=vae)

    assert isinstance(answer, Answer), answer
    assert len(answer.value) == 7
    assert all(torch.equal(value, oracle.value(case)) for value in answer.value)


def test_the_dtype_is_the_students(ask: Callable[..., Answer], oracle: Oracle) -> None:
    """float32 in, float32 out, computed in float64."""
    case = kl_standard_normal.build(SIZES[3], torch.float32, 1)
    vae = (
        WRONG_KL
        + "\ndef elbo(x, encoder, decoder, n_samples=1, generator=None):\n    return kl_standard_normal(x, encoder)\n"
    )
    answer = ask(
        Case("elbo", {"x": case.arguments["mean"], "encoder": case.arguments["log_var"], "decoder": 0}), (KL,), vae
    )

    assert answer.value.dtype is torch.float32
    assert torch.equal(answer.value, oracle.value(case).float())


OWN_ELBO = """
    import torch
    from densities import bernoulli_log_density, sample_gaussian
    from divergences import kl_standard_normal

    def elbo(x, encoder, decoder, n_samples=1, generator=None):
        mean, log_var = encoder(x)
        z = sample_gaussian(mean.expand(n_samples, *mean.shape), log_var.expand(n_samples, *mean.shape), generator)
        log_px = bernoulli_log_density(x, decoder(z)).sum(-1).mean(0)
        return (log_px - kl_standard_normal(mean, log_var)).mean()

    def vae_loss(x, encoder, decoder, n_samples=1, generator=None):
        return -elbo(x, encoder, decoder, n_samples, generator)
"""
LEAVES = ["x", "encoder.heads.0.0.bias", "encoder.heads.1.0.weight", "decoder.trunk.0.weight"]
RIGHT = {
    "densities": (ROOT / "reference/densities.py").read_text(),
    "divergences": (ROOT / "reference/divergences.py").read_text(),
}


@pytest.mark.parametrize("stand_ins", [(KL,), (KL, "bernoulli_log_density")], ids=["one", "two"])
def test_gradients_flow_through(ask: Callable[..., Answer], stand_ins: tuple[str, ...]) -> None:
    """Value and gradients with stand-ins are those of the same function with the right ones in their place."""
    right = ask(elbo_case(), (), vae=OWN_ELBO, gradients=LEAVES, **RIGHT)
    broken = RIGHT | {"divergences": WRONG_KL}
    wrong = ask(elbo_case(), (), vae=OWN_ELBO, gradients=LEAVES, **broken)
    replaced = ask(elbo_case(), stand_ins, vae=OWN_ELBO, gradients=LEAVES, **broken)

    assert not torch.allclose(wrong.value, right.value)
    assert torch.allclose(replaced.value, right.value, rtol=1e-12)
    for name in LEAVES:
        assert torch.allclose(replaced.gradients[name], right.gradients[name], rtol=1e-10), name
        assert right.gradients[name].abs().max() > 0


def test_a_random_function_is_reparameterised(ask: Callable[..., Answer]) -> None:
    """Noise comes from outside: the same for the same generator, other for the next call, with the gradient of that very draw."""
    vae = """
        import torch
        from densities import sample_gaussian

        def elbo(x, encoder, decoder, n_samples=1, generator=None):
            z = sample_gaussian(x, encoder, generator)
            again = sample_gaussian(x, encoder, generator=generator)
            fixed = [sample_gaussian(x, encoder, torch.Generator().manual_seed(1)) for _ in range(2)]
            return torch.stack([z, again, *fixed, z * z.detach()])
    """
    x, log_var = torch.zeros(400, 3, dtype=torch.float64), torch.full((400, 3), 0.5, dtype=torch.float64)
    case = Case("elbo", {"x": x, "encoder": log_var, "decoder": 0}, seed=5)
    files = {"vae": vae, "densities": "def sample_gaussian(mean, log_var, generator=None):\n    return mean\n"}
    one, two = (ask(case, ("sample_gaussian",), gradients=["x", "encoder"], **files) for _ in range(2))
    z, again, fixed, fixed_too, squares = one.value

    assert torch.equal(one.value, two.value)
    assert torch.equal(fixed, fixed_too)
    assert not torch.equal(z, again)
    assert abs(float(z.mean())) < 0.15
    assert abs(float(z.var()) / float(torch.tensor(0.5).exp()) - 1) < 0.2
    assert torch.allclose(squares, z * z)
    assert torch.allclose(one.gradients["x"], 4 + z)  # every draw is x + noise; the last row has the weight z
    assert torch.allclose(one.gradients["encoder"], (z + again + 2 * fixed + z * z) / 2)


def test_networks_of_the_question_can_be_named(ask: Callable[..., Answer], oracle: Oracle) -> None:
    """`vae_loss` may pass the encoder and decoder that the grader sent on to `elbo`; gradients reach their weights."""
    case = elbo_case().but(n_samples=1)
    vae = OWN_ELBO.replace("return (log_px", "return 3 * (log_px")
    loss = replace(case, function="vae_loss")
    answer = ask(loss, ("elbo",), vae=vae, gradients=["encoder.heads.0.0.bias"], **RIGHT)
    many = ask(loss, ("elbo",), vae=vae, repeat=300, **RIGHT)

    assert isinstance(answer, Answer), answer
    assert answer.gradients["encoder.heads.0.0.bias"].abs().max() > 0
    exact = torch.stack([oracle.value(replace(loss, seed=seed)).detach() for seed in range(300)])
    assert abs(float(many.value.mean() - exact.mean())) < 6 * float(exact.std()) / 300**0.5 * 2**0.5


def test_parts_of_a_model_can_be_named(ask: Callable[..., Answer]) -> None:
    """A part of a model that the grader sent may be passed on to a function, as a network may."""
    case = elbo_case().but(n_samples=200)
    encoder, decoder = (case.arguments[name].spec for name in ("encoder", "decoder"))
    model = Probe({"parts": {"there": encoder, "back": decoder}})
    vae = textwrap.dedent(OWN_ELBO) + "\n\ndef vae_loss(x, model, _, n_samples=1, generator=None):\n"
    vae += "    return -elbo(x, model.there, model.back, n_samples, generator)\n"
    wrong = vae.replace("return (log_px", "return 3 * (log_px")
    loss = replace(case.but(encoder=model, decoder=0), function="vae_loss")
    gradients = ["encoder.there.heads.0.0.bias"]
    right, replaced = (
        ask(loss, by, vae=text, gradients=gradients, **RIGHT) for by, text in (((), vae), (("elbo",), wrong))
    )

    assert isinstance(replaced, Answer), replaced
    assert float(replaced.value) == pytest.approx(float(right.value), rel=0.2)  # the noise is another
    assert replaced.gradients[gradients[0]].abs().max() > 0


def test_networks_go_out_in_the_mode_that_they_are_in(ask: Callable[..., Answer], oracle: Oracle) -> None:
    """What stands in uses a network in evaluation mode where the function that calls it has put it there, in training mode elsewhere."""
    case = elbo_case().but(n_samples=1)
    decoder = case.arguments["decoder"].spec
    dropout = case.but(decoder=Probe({**decoder, "layers": [*decoder["layers"], {"op": "dropout", "p": 0.5}]}))
    vae = textwrap.dedent(OWN_ELBO) + "\n\ndef vae_loss(x, encoder, decoder, n_samples=1, generator=None):\n"
    vae += "    decoder.train({mode})\n    return elbo(x, encoder, decoder, n_samples, generator)\n"
    questions = [(case, True), (dropout, False), (dropout, True)]
    without, evaluated, trained = (
        ask(replace(asked, function="vae_loss"), ("elbo",), vae=vae.replace("{mode}", str(mode)), seed=5, **RIGHT)
        for asked, mode in questions
    )

    assert torch.equal(without.value, evaluated.value)
    assert not torch.equal(without.value, trained.value)


def test_a_loop_over_samples_may_ask_in_every_round(ask: Callable[..., Answer]) -> None:
    """How often is not too often grows with the number of samples that the question has."""
    vae = """
        from divergences import kl_standard_normal

        def elbo(x, encoder, decoder, n_samples=1, generator=None):
            return sum(kl_standard_normal(x, x).sum() for _ in range(6 * n_samples))
    """
    assert isinstance(ask(elbo_case().but(n_samples=400), (KL,), vae=vae, **RIGHT), Answer)
    assert (
        "too often" in ask(elbo_case().but(n_samples=1), (KL,), vae=vae.replace("6 * n", "2000 * n"), **RIGHT).message
    )


def test_what_cannot_cross_stays_the_students(ask: Callable[..., Answer]) -> None:
    """A call with a function among its arguments is an ordinary call."""
    vae = """
        def elbo(x, encoder, decoder, n_samples=1, generator=None):
            return x.sum() * 0 + 41.0

        def vae_loss(x, encoder, decoder, n_samples=1, generator=None):
            return elbo(x, lambda value: encoder(value), decoder)
    """
    assert ask(replace(elbo_case(), function="vae_loss"), ("elbo",), vae=vae).value == 41.0


def test_operations_do_not_grow_with_the_batch(ask: Callable[..., Answer]) -> None:
    """A stand-in is a few operations whatever the batch, so that a vectorised function stays one."""
    counts = [
        ask(
            elbo_case().but(x=torch.ones(n, 4, dtype=torch.float64)),
            (KL,),
            vae=OWN_ELBO,
            count_operations=True,
            **RIGHT,
        ).operations
        for n in (3, 30)
    ]
    assert counts[0] == counts[1] > 0


REFUSED = {
    "unknown keyword": ("kl_standard_normal(x, log=x)", "unexpected keyword argument 'log'"),
    "too many": ("kl_standard_normal(x, x, x)", "takes 2 positional arguments but 3 were given"),
    "too few": ("kl_standard_normal(x)", "missing the argument 'log_var'"),
    "twice": ("kl_standard_normal(x, mean=x)", "multiple values for argument 'mean'"),
    "text": ("kl_standard_normal('x', x)", "mean should be a float tensor of shape (B, M)"),
    "a generator": ("kl_standard_normal(torch.Generator(), x)", "mean should be"),
    "objects": ("kl_standard_normal(__import__('numpy').array([None]), x)", "mean should be"),
    "shapes": ("kl_standard_normal(torch.ones(2, 3), torch.ones(5, 7))", "RuntimeError"),
    "complex": ("kl_standard_normal(x.to(torch.complex64), x)", "no tensor that the function takes"),
    "long axis": (f"kl_standard_normal(torch.ones(1, {MOST_LENGTH + 1}), torch.zeros(()))", "axis of length 2,049"),
    "outer product": (
        "kl_standard_normal(torch.ones(2**12, 1), torch.ones(1, 2**11))",
        "more than a stand-in computes",
    ),
    "many": (
        f"kl_standard_normal(torch.ones({MOST_ELEMENTS // 8}, 9, dtype=torch.int8), torch.zeros(9))",
        "more than a stand-in computes",
    ),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_arguments_that_do_not_fit(ask: Callable[..., Refusal], call: str, message: str) -> None:
    """They raise in the submission, as the right function would: no tampering, no fault of ours."""
    vae = WRONG_KL + f"\ndef elbo(x, encoder, decoder, n_samples=1, generator=None):\n    return {call}\n"
    answer = ask(elbo_case(), (KL,), vae)

    assert isinstance(answer, Refusal)
    assert (answer.kind, answer.flag) == (FailureKind.EXCEPTION, "")
    assert message in answer.message


def test_the_exception_may_be_caught(ask: Callable[..., Answer]) -> None:
    """The submission goes on, and the next call is answered."""
    vae = WRONG_KL + textwrap.dedent("""
        def elbo(x, encoder, decoder, n_samples=1, generator=None):
            try:
                kl_standard_normal(1, 2, 3)
            except RuntimeError:
                return kl_standard_normal(x, x)
    """)
    assert isinstance(ask(elbo_case(), (KL,), vae), Answer)


# -------------------------------------------------------------------------------------------------------- hostile

PRELUDE = """
import socket, sys, threading, time, torch
from inside import wire

def channel():
    import gc
    return next(s for s in gc.get_objects() if isinstance(s, socket.socket) and s.family == socket.AF_UNIX and s.fileno() >= 0)

def nonce():
    frame = sys._getframe()
    while frame:
        if isinstance(frame.f_locals.get("message"), dict) and "id" in frame.f_locals["message"]:
            return frame.f_locals["message"]["id"]
        frame = frame.f_back

def request(**fields):
    return {"type": "collaborator", "id": nonce(), "name": "kl_standard_normal", "args": [], "kwargs": {}, "seed": 1,
            "cotangents": None, "wanted": []} | fields

def kl_standard_normal(mean, log_var):
    return mean.sum(-1)

def elbo(x, encoder, decoder, n_samples=1, generator=None):
"""
FORGED = {
    "another function": "request(name='ppca_fit', args=[x, 1])",
    "no function": "request(name='__import__', args=['os'])",
    "a name that is no text": "request(name=x)",
    "a field too many": "request(verdict='passed')",
    "arguments that are no list": "request(args={'0': x})",
    "a negative seed": "request(seed=-1)",
    "many arguments": "request(args=[x] * 100)",
    "a network of its own": "request(args=[wire.Probe({'layers': [{'op': 'dropout', 'p': 0.5}]}), x])",
    "a network that was not sent": "request(args=[wire.Probe({'sent_as': 'model', 'in_training': True}), x])",
    "a part that there is none of": "request(args=[wire.Probe({'sent_as': 'encoder.there', 'in_training': True}), x])",
    "a network in no mode": "request(args=[wire.Probe({'sent_as': 'encoder'}), x])",
    "a network in a mode that there is not": "request(args=[wire.Probe({'sent_as': 'encoder', 'in_training': 7}), x])",
    "a network named by a tensor": "request(args=[wire.Probe({'sent_as': x, 'in_training': True}), x])",
    "a handle": "request(args=[wire.Handle(1, 'x'), x])",
    "a list of tensors": "request(args=[[x], x])",
    "a gradient of nothing": "request(args=[x, x], cotangents=[x.sum(-1)], wanted=['7'])",
    "a gradient of a private thing": "request(args=[x, x], cotangents=[x.sum(-1)], wanted=['0.__class__'])",
    "cotangents of another shape": "request(args=[x, x], cotangents=[x], wanted=['0'])",
    "cotangents that are text": "request(args=[x, x], cotangents=['x'], wanted=['0'])",
    "cotangents without a gradient": "request(args=[x, x], cotangents=[x.sum(-1)])",
    "a gradient without cotangents": "request(args=[x, x], wanted=['0'])",
    "one gradient twice": "request(args=[x, x], cotangents=[x.sum(-1)], wanted=['0', '0'])",
    "a thousand gradients": "request(args=[x, x], cotangents=[x.sum(-1)], wanted=['0'] * 1000)",
    "another question's number": "request(id='0' * 32, args=[x, x])",
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_forged_requests_are_tampering(ask: Callable[..., Refusal], forged: str) -> None:
    """What no honest worker sends ends the question and is flagged."""
    answer = ask(elbo_case(), (KL,), PRELUDE + f"    channel().sendall(wire.encode({forged}))\n    time.sleep(60)\n")

    assert isinstance(answer, Refusal)
    assert (answer.kind, answer.flag[:14]) == (FailureKind.POLICY, "answer channel"), answer


def test_requests_without_stand_ins_are_tampering(ask: Callable[..., Refusal]) -> None:
    """In an ordinary question nobody answers."""
    answer = ask(
        elbo_case(), (), PRELUDE + "    channel().sendall(wire.encode(request(args=[x, x])))\n    time.sleep(60)\n"
    )

    assert answer.kind is FailureKind.POLICY


STOPPED = {
    "flood": ("    while True:\n        kl_standard_normal(x, x)\n", "too often"),
    "flood without reading": (
        "    frame = wire.encode(request(args=[x, x]))\n    while True:\n        channel().sendall(frame)\n",
        "",
    ),
    "huge": ("    kl_standard_normal(torch.ones(2**21), x)\n", "8 MB"),
    "sleep": ("    kl_standard_normal(x, x)\n    time.sleep(60)\n", "stopped after"),
}


@pytest.mark.parametrize(("body", "message"), STOPPED.values(), ids=STOPPED)
def test_too_much_is_stopped(ask: Callable[..., Refusal], body: str, message: str) -> None:
    """Number, size and time of what is asked are limited from outside."""
    hangs = message in ("", "stopped after")
    answer = ask(elbo_case(), (KL,), PRELUDE + body, hangs=hangs)

    assert isinstance(answer, Refusal)
    assert answer.kind in (FailureKind.TIMEOUT, FailureKind.MEMORY)
    assert message in answer.message


def test_threads_take_turns(ask: Callable[..., Answer], oracle: Oracle) -> None:
    """Calls from several threads are answered one by one, each with its own value."""
    case = kl_standard_normal.build(SIZES[3], torch.float64, 1)
    body = """
    values = {}
    def work(index):
        for _ in range(20):
            values[index] = kl_standard_normal(x * index, encoder)
    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    return [values[index] for index in range(4)]
"""
    arguments = {"x": case.arguments["mean"], "encoder": case.arguments["log_var"], "decoder": 0}
    answer = ask(Case("elbo", arguments), (KL,), PRELUDE + body)

    for index, value in enumerate(answer.value):
        assert torch.equal(value, oracle.value(case.but(mean=case.arguments["mean"] * index)))


def test_a_kept_stand_in_is_of_no_use(sandbox_of: Callable[..., Sandbox], contract: Contract, oracle: Oracle) -> None:
    """After its question, a stand-in that was kept raises, in a thread as well, and the submission's functions are its own."""
    body = """
    global kept, later, go, waiting
    kept, later, go = kl_standard_normal, [], threading.Event()
    def wait():
        go.wait()
        try:
            kept(x, x)
        except RuntimeError as error:
            later.append(str(error))
    waiting = threading.Thread(target=wait)
    waiting.start()
    return kl_standard_normal(x, x)

def vae_loss(x, encoder, decoder, n_samples=1, generator=None):
    go.set()
    waiting.join()
    assert "is over" in later[0], later
    try:
        kept(x, x)
    except RuntimeError:
        return kl_standard_normal(x, x)
"""
    sandbox = sandbox_of(PRELUDE + body)
    sandbox.collaborators = StandIns(oracle, contract, "secret")
    case = elbo_case()
    first = sandbox.call(case.question(contract["elbo"], stand_ins=(KL,)))
    second = sandbox.call(replace(case, function="vae_loss").question(contract["vae_loss"]))
    x = case.arguments["x"]

    assert isinstance(first, Answer), first
    assert isinstance(second, Answer), second
    assert torch.equal(first.value, oracle.value(Case(KL, {"mean": x, "log_var": x})))
    assert torch.equal(second.value, x.sum(-1))
    assert sandbox.restarts == 0


def test_an_honest_request_is_answered_and_remembered(contract: Contract, oracle: Oracle) -> None:
    """`called` says which functions were used; a name that nothing stands in for is refused."""
    stand_ins = StandIns(oracle, contract, "secret")
    x = torch.ones(2, 3)
    request = {
        "type": "collaborator",
        "id": "",
        "name": KL,
        "args": [x, x],
        "kwargs": {},
        "seed": 0,
        "cotangents": None,
        "wanted": [],
    }
    reply = stand_ins(Question("elbo", stand_ins=(KL,)), request)

    assert reply["refused"] == ""
    assert stand_ins.called == [KL]
    with pytest.raises(MalformedRequest, match="nothing stands in for"):
        stand_ins(Question("elbo"), request)
