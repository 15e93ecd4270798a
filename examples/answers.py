"""What the service answered, held against what is told."""

import httpx

from examples.scenes import Json, Scene

OK = 200
CREATED = 201


class NotAsTold(Exception):
    """The service did something else than the story says."""


def insist(holds: object, sentence: str) -> None:
    """What the story tells must be so."""
    if not holds:
        raise NotAsTold(sentence)


def reasons(problem: Json) -> list[tuple[str, str]]:
    """Every reason of a refusal, with its sentence: guards by code, faults of a form by code and place."""
    unmet = [(it["code"], it["en"]) for it in problem.get("unmetGuards", ())]
    return sorted([*unmet, *((f"{it['code']} at {it['location']}", it["en"]) for it in problem.get("errors", ()))])


def said(answer: httpx.Response) -> str:
    """An answer in a line."""
    if answer.is_success:
        return f"{answer.status_code}"
    if answer.headers.get("content-type") != "application/problem+json":
        return f"{answer.status_code}, which is no answer of Casusroute"
    problem = answer.json()
    why = "; ".join(f"{reason}: {sentence}" for reason, sentence in reasons(problem))
    return f"{answer.status_code} {problem['code']}: {problem['detail']} {why}".strip()


def insist_on_end(scene: Scene, answer: httpx.Response) -> None:
    """The scene ends as its file says: in a state, or with a refusal for just these reasons."""
    if scene.refusal:
        _insist_on_refusal(scene, answer)
    else:
        _insist_on_becoming(scene, answer)


def _insist_on_becoming(scene: Scene, answer: httpx.Response) -> None:
    told = f"{scene.name}: {scene.trigger} by {scene.who} should be made"
    insist(answer.status_code == CREATED, f"{told}, but was answered with {said(answer)}")
    made = answer.json()
    target = made["transition"]["target"]
    insist(target == scene.becomes, f"{told} and lead to {scene.becomes}, but it led to {target}")
    opened = sorted(" ".join(filter(None, (it["kind"], it["line"]))) for it in made["opened"])
    insist(opened == sorted(scene.opens), f"{told} and begin {list(scene.opens)}, but it began {opened}")


def _insist_on_refusal(scene: Scene, answer: httpx.Response) -> None:
    told = f"{scene.name}: {scene.trigger} by {scene.who} should be refused"
    expected = scene.refusal
    insist(expected and not answer.is_success, f"{told}, but was answered with {said(answer)}")
    problem = answer.json()
    found = (answer.status_code, problem["code"], [reason for reason, _ in reasons(problem)])
    if expected and found != (expected.status, expected.code, sorted(expected.reasons)):
        because = ", ".join(sorted(expected.reasons)) or "no further reasons"
        raise NotAsTold(f"{told} with {expected.status} {expected.code} ({because}), but it was {said(answer)}")


def insist_on_ready(answer: httpx.Response, base_url: str) -> None:
    """There is a Casusroute at this address, and it is ready."""
    ready = answer.status_code == OK and answer.headers.get("content-type") == "application/json"
    insist(ready and answer.json() == {"status": "ready"}, f"What answers at {base_url} is no Casusroute that is ready")
