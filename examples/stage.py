"""The stage: people who act on a case, each with a token of their own, over the published API and nothing else."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Self
from uuid import uuid4

import httpx

from examples.answers import OK, insist, insist_on_end, said
from examples.scenes import Json, Scene, resolved

COLLECTIONS = {
    "placement": "placements",
    "commitment": "commitments",
    "funding": "fundings",
    "escalation": "escalations",
    "question": "questions",
    "reconsideration": "reconsiderations",
    "follow_up": "follow-ups",
}
# What a liaison knows of a case before it is put to her is its number.
BY_NUMBER = "signal_escalation"
DEMONSTRATION = " (demonstratie)"


@dataclass
class Player:
    """Somebody of the demonstration region, with a token of their own."""

    key: str
    token: str
    client: httpx.Client

    @cached_property
    def me(self) -> Json:
        return self.read("/me")

    @property
    def name(self) -> str:
        return str(self.me["name"])

    @property
    def role(self) -> str:
        return ", ".join(it["role"].replace("_", " ") for it in self.me["memberships"])

    def ask(self, path: str) -> httpx.Response:
        return self.client.get(path, headers=self.headers)

    def read(self, path: str) -> Json:
        """What this person must be able to read."""
        answer = self.ask(path)
        insist(answer.status_code == OK, f"{self.key} should be able to read {path}, but: {said(answer)}")
        found: Json = answer.json()
        return found

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept-Language": "en"}


@dataclass(frozen=True)
class Sent:
    """A request that changes something; sent again it is the same request."""

    by: Player
    path: str
    body: Json
    headers: dict[str, str]

    def answer(self) -> httpx.Response:
        return self.by.client.post(self.path, json=self.body, headers=self.by.headers | self.headers)


@dataclass(frozen=True)
class Played:
    """A scene, who played it and what was answered. `after` is the part as it then stands, unless it was refused."""

    scene: Scene
    sent: Sent
    answer: Json
    after: Json | None


@dataclass
class Opened:
    """A case that began on the stage, since when, and how many steps were taken with it."""

    id: str
    number: str
    began: datetime
    steps: int = 0


class Stage:
    """Cases, and the people around them. What is played and read is about the case that began last."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx.Client(base_url=f"{base_url}/v1", timeout=30)
        self._players: dict[str, Player] = {}
        self.cases: list[Opened] = []
        self.last: Played

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    @property
    def case(self) -> Opened:
        return self.cases[-1]

    @property
    def path(self) -> str:
        return f"/cases/{self.case.id}"

    def player(self, key: str) -> Player:
        """This person, with a token that the service signs for its demonstration."""
        if key not in self._players:
            answer = self._client.post("/demonstration/tokens", json={"person": key})
            insist(answer.status_code == OK, f"{key} should get a token to act with, but: {said(answer)}")
            self._players[key] = Player(key, answer.json()["accessToken"], self._client)
        return self._players[key]

    def play(self, scene: Scene) -> Played:
        """Send the form of a scene, and insist that it ends as told."""
        player = self.player(scene.who)
        body: Json = {"trigger": scene.trigger, "occurredAt": scene.when.isoformat()}
        body |= {"grounds": scene.grounds} if scene.grounds else {}
        body |= {"form": resolved(scene.form, self._ids)} if scene.form is not None else {}
        headers = {"Idempotency-Key": str(uuid4())}
        if scene.begins:
            path = "/cases"
        elif scene.trigger == BY_NUMBER:
            path = "/escalation-signals"
            body["number"] = self.case.number
        else:
            part = self._part(player, scene.part)
            headers["If-Match"] = f'"{scene.version or part["version"]}"'
            path = f"{self._address(part)}/transitions"
        sent = Sent(player, path, body, headers)
        answer = sent.answer()
        insist_on_end(scene, answer)
        found: Json = answer.json()
        after = None
        if not scene.refusal:
            if scene.begins:
                self.cases.append(Opened(found["caseId"], found["number"], scene.when))
            self.case.steps += 1
            after = next(it for it in self._parts(player) if it["id"] == found["transition"]["partId"])
        self.last = Played(scene, sent, found, after)
        return self.last

    def _part(self, player: Player, part: str) -> Json:
        """The case, or the part of that kind with that line, party or moment; of several the open one due first."""
        kind, _, which = part.partition(" ")
        moments = self._moments(player) if kind == "follow_up" else {}
        found = [
            it
            for it in self._parts(player)
            if it["kind"] == kind and which in ("", it["line"], _asked(it), moments.get(it["id"]))
        ]
        insist(found, f"{player.key} should see {part} of the case, but does not")
        return min(found, key=lambda it: (it["phase"] == "ended", it["dueOn"] or ""))

    def _parts(self, player: Player) -> list[Json]:
        seen = player.read(self.path)
        return [*filter(None, [seen.get("main")]), *seen["parts"]]

    def _moments(self, player: Player) -> dict[str, str]:
        """What each check was planned for, by its id, as the step tells that planned it."""
        entries = player.read(f"{self.path}/transitions")["transitions"]
        return {it["partId"]: code for it in entries for code in it["codes"].get("check_moment", ())}

    def _address(self, part: Json) -> str:
        return self.path if part["kind"] == "case" else f"{self.path}/{COLLECTIONS[part['kind']]}/{part['id']}"

    @cached_property
    def labels(self) -> dict[tuple[str, str], Json]:
        """What states and triggers are called, by kind of part and code."""
        workflows = self.player("esra").read("/workflows")["items"]
        return {
            (workflow["name"], it["code"]): it["label"]
            for workflow in workflows
            for it in (*workflow["states"], *workflow["triggers"])
        }

    @cached_property
    def _ids(self) -> dict[str, str]:
        """The ids behind the names in the case files."""
        organisations = self.player("esra").read("/organisations")["items"]
        names = {it["name"].removesuffix(DEMONSTRATION): it["id"] for it in organisations}
        return names | {it.name: it.me["id"] for it in map(self.player, ("daan", "vera"))}


def _asked(part: Json) -> str:
    return str(part["addressee"]["name"]).removesuffix(DEMONSTRATION) if part["addressee"] else ""
