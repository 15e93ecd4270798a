"""Comparison of the answers of the service with the story."""

import httpx

from examples.scenes import Json, Scene

OK = 200
CREATED = 201


class StoryMismatch(Exception):
    """The service does not do what the story says."""


def require(holds: object, sentence: str) -> None:
    """Raises StoryMismatch with the sentence unless `holds` is true."""
    if not holds:
        raise StoryMismatch(sentence)


def reasons(problem: Json) -> list[tuple[str, str]]:
    """Returns (reason, English sentence) of a refusal, sorted. A reason is a guard's code, or "code at /location"."""
    unmet = [(guard["code"], guard["en"]) for guard in problem.get("unmetGuards", ())]
    faults = [(f"{fault['code']} at {fault['location']}", fault["en"]) for fault in problem.get("errors", ())]
    return sorted([*unmet, *faults])


def describe(answer: httpx.Response) -> str:
    """Returns an answer in one line."""
    if answer.is_success:
        return f"{answer.status_code}"
    if answer.headers.get("content-type") != "application/problem+json":
        return f"{answer.status_code}, which is no answer of Casusroute"
    problem = answer.json()
    sentences = "; ".join(f"{reason}: {sentence}" for reason, sentence in reasons(problem))
    return f"{answer.status_code} {problem['code']}: {problem['detail']} {sentences}".strip()


def require_outcome(scene: Scene, answer: httpx.Response) -> None:
    """Require the outcome that the scene's file states: a state, or a refusal with exactly these reasons."""
    if scene.refusal:
        _require_refusal(scene, answer)
    else:
        _require_state(scene, answer)


def _require_state(scene: Scene, answer: httpx.Response) -> None:
    expectation = f"{scene.name}: {scene.trigger} by {scene.who} should be made"
    require(answer.status_code == CREATED, f"{expectation}, but was answered with {describe(answer)}")
    step = answer.json()
    target = step["transition"]["target"]
    require(target == scene.becomes, f"{expectation} and lead to {scene.becomes}, but it led to {target}")
    opened = sorted(" ".join(filter(None, (part["kind"], part["line"]))) for part in step["opened"])
    require(opened == sorted(scene.opens), f"{expectation} and begin {list(scene.opens)}, but it began {opened}")


def _require_refusal(scene: Scene, answer: httpx.Response) -> None:
    expectation = f"{scene.name}: {scene.trigger} by {scene.who} should be refused"
    expected = scene.refusal
    require(expected and not answer.is_success, f"{expectation}, but was answered with {describe(answer)}")
    problem = answer.json()
    refusal = (answer.status_code, problem["code"], [reason for reason, _ in reasons(problem)])
    if expected and refusal != (expected.status, expected.code, sorted(expected.reasons)):
        listed = ", ".join(sorted(expected.reasons)) or "no further reasons"
        raise StoryMismatch(
            f"{expectation} with {expected.status} {expected.code} ({listed}), but it was {describe(answer)}"
        )


def require_ready(answer: httpx.Response, base_url: str) -> None:
    """Require that the answer comes from a Casusroute that is ready."""
    ready = answer.status_code == OK and answer.headers.get("content-type") == "application/json"
    require(
        ready and answer.json() == {"status": "ready"}, f"What answers at {base_url} is no Casusroute that is ready"
    )
