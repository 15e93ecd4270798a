"""The stage: people who act on a case, each with their own token, through the published API only."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Self
from uuid import uuid4

import httpx

from examples.answers import OK, describe, require, require_outcome
from examples.scenes import Json, Scene, resolve_ids

COLLECTIONS = {
    "placement": "placements",
    "commitment": "commitments",
    "funding": "fundings",
    "escalation": "escalations",
    "question": "questions",
    "reconsideration": "reconsiderations",
    "follow_up": "follow-ups",
}
# The trigger of a liaison, who knows only the number of the case at that moment.
SIGNAL_TRIGGER = "signal_escalation"
DEMONSTRATION = " (demonstratie)"


@dataclass
class Player:
    """A person of the demonstration region, with their token."""

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
        return ", ".join(membership["role"].replace("_", " ") for membership in self.me["memberships"])

    def ask(self, path: str) -> httpx.Response:
        return self.client.get(path, headers=self.headers)

    def read(self, path: str) -> Json:
        """Returns the JSON at a path that this person must be able to read."""
        answer = self.ask(path)
        require(answer.status_code == OK, f"{self.key} should be able to read {path}, but: {describe(answer)}")
        content: Json = answer.json()
        return content

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept-Language": "en"}


@dataclass(frozen=True)
class SentRequest:
    """A request to change something. It can be sent again as the same request."""

    by: Player
    path: str
    body: Json
    headers: dict[str, str]

    def answer(self) -> httpx.Response:
        return self.by.client.post(self.path, json=self.body, headers=self.by.headers | self.headers)


@dataclass(frozen=True)
class PlayedScene:
    """A played scene with its request and answer. `after`: the part after the step; None after a refusal."""

    scene: Scene
    sent: SentRequest
    answer: Json
    after: Json | None


@dataclass
class StageCase:
    """A case that began on the stage, with the moment of its start and the number of steps taken."""

    id: str
    number: str
    began: datetime
    steps: int = 0


class Stage:
    """The cases and people of a chapter. Scenes and reads are about the case that began last."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx.Client(base_url=f"{base_url}/v1", timeout=30)
        self._players: dict[str, Player] = {}
        self.cases: list[StageCase] = []
        self.last: PlayedScene

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    @property
    def case(self) -> StageCase:
        return self.cases[-1]

    @property
    def path(self) -> str:
        return f"/cases/{self.case.id}"

    def player(self, key: str) -> Player:
        """Returns the person, with a token that the service issues for its demonstration."""
        if key not in self._players:
            answer = self._client.post("/demonstration/tokens", json={"person": key})
            require(answer.status_code == OK, f"{key} should get a token to act with, but: {describe(answer)}")
            self._players[key] = Player(key, answer.json()["accessToken"], self._client)
        return self._players[key]

    def play(self, scene: Scene) -> PlayedScene:
        """Send the form of a scene, and require its outcome."""
        player = self.player(scene.who)
        body: Json = {"trigger": scene.trigger, "occurredAt": scene.when.isoformat()}
        body |= {"grounds": scene.grounds} if scene.grounds else {}
        body |= {"form": resolve_ids(scene.form, self._ids)} if scene.form is not None else {}
        headers = {"Idempotency-Key": str(uuid4())}
        if scene.begins:
            path = "/cases"
        elif scene.trigger == SIGNAL_TRIGGER:
            path = "/escalation-signals"
            body["number"] = self.case.number
        else:
            part = self._part(player, scene.part)
            headers["If-Match"] = f'"{scene.version or part["version"]}"'
            path = f"{self._address(part)}/transitions"
        sent = SentRequest(player, path, body, headers)
        answer = sent.answer()
        require_outcome(scene, answer)
        content: Json = answer.json()
        after = None
        if not scene.refusal:
            if scene.begins:
                self.cases.append(StageCase(content["caseId"], content["number"], scene.when))
            self.case.steps += 1
            after = next(part for part in self._parts(player) if part["id"] == content["transition"]["partId"])
        self.last = PlayedScene(scene, sent, content, after)
        return self.last

    def _part(self, player: Player, reference: str) -> Json:
        """Returns the part that `Scene.part` refers to; of several the open one that is due first."""
        kind, _, detail = reference.partition(" ")
        moments = self._moments(player) if kind == "follow_up" else {}
        matches = [
            part
            for part in self._parts(player)
            if part["kind"] == kind and detail in ("", part["line"], _addressee(part), moments.get(part["id"]))
        ]
        require(matches, f"{player.key} should see {reference} of the case, but does not")
        return min(matches, key=lambda part: (part["phase"] == "ended", part["dueOn"] or ""))

    def _parts(self, player: Player) -> list[Json]:
        case = player.read(self.path)
        return [*filter(None, [case.get("main")]), *case["parts"]]

    def _moments(self, player: Player) -> dict[str, str]:
        """Returns id of a check -> code of its moment, from the entries that planned the checks."""
        entries = player.read(f"{self.path}/transitions")["transitions"]
        return {entry["partId"]: code for entry in entries for code in entry["codes"].get("check_moment", ())}

    def _address(self, part: Json) -> str:
        return self.path if part["kind"] == "case" else f"{self.path}/{COLLECTIONS[part['kind']]}/{part['id']}"

    @cached_property
    def labels(self) -> dict[tuple[str, str], Json]:
        """The labels of states and triggers: (kind of part, code) -> label."""
        workflows = self.player("esra").read("/workflows")["items"]
        return {
            (workflow["name"], item["code"]): item["label"]
            for workflow in workflows
            for item in (*workflow["states"], *workflow["triggers"])
        }

    @cached_property
    def _ids(self) -> dict[str, str]:
        """The ids of the organisations and people that the case files name: name -> id."""
        organisations = self.player("esra").read("/organisations")["items"]
        ids = {organisation["name"].removesuffix(DEMONSTRATION): organisation["id"] for organisation in organisations}
        return ids | {player.name: player.me["id"] for player in map(self.player, ("daan", "vera"))}


def _addressee(part: Json) -> str:
    return str(part["addressee"]["name"]).removesuffix(DEMONSTRATION) if part["addressee"] else ""
