"""Observations beyond the region: each body sees its own question, the liaison sees the cases she works on."""

from collections.abc import Mapping

from examples import narrator
from examples.answers import require
from examples.observations.any_case import NOT_FOUND, Observation, require_refusal, the_region_keeps_it
from examples.scenes import Json
from examples.stage import Player, Stage


def the_liaison_sees_nothing_yet(stage: Stage) -> None:
    mila = stage.player("mila")
    require_refusal(mila, stage.path, NOT_FOUND, "not_found")
    narrator.remark(f"{mila.name}, CCE liaison, asks for the case: 404. Nobody has asked her anything yet.")


def the_liaison_sees_it_now(stage: Stage) -> None:
    mila = stage.player("mila")
    require(_work_items(mila, stage, "escalation"), "the escalation stands on the liaison's work list")
    file = mila.read(f"{stage.path}/file")
    narrator.remark(
        f"Now it stands on {mila.name}'s work list, and she may read the whole file"
        f" ({len(file['documents'])} documents; her reading is logged)."
    )


def _the_network_sees_what_it_was_asked(stage: Stage) -> None:
    _sees_only(stage, "sara", "escalation")


def _each_sees_its_own_question(stage: Stage) -> None:
    _sees_only(stage, "tom", "question")
    _sees_only(stage, "ulla", "question")
    sara = stage.player("sara")
    parts = sara.read(stage.path)["parts"]
    states = [part["state"]["code"] for part in parts]
    require(states == ["brought_back"], "the network keeps its own question, and no other")
    narrator.remark(
        f"{sara.name} still sees what was asked of the network, as {_label(parts[0])}; not what came after."
    )


def _sees_only(stage: Stage, key: str, kind: str) -> None:
    """The person sees one part and the text addressed to them; everything else answers as if it did not exist."""
    player = stage.player(key)
    case = player.read(stage.path)
    kinds = [part["kind"] for part in case["parts"]]
    require("main" not in case and kinds == [kind], f"{key} sees one {kind}, no more")
    part = case["parts"][0]
    form = player.read(f"{stage.path}/{kind}s/{part['id']}/transitions/1")["form"]
    require("consents" not in form and form["question"], f"{key} reads the question, and not who consented")
    for hidden in ("/file", "/transitions", "/verification"):
        require_refusal(player, f"{stage.path}{hidden}", NOT_FOUND, "not_found")
    require(_work_items(player, stage, kind), f"the question stands on the work list of {key}")
    narrator.remark(
        f"{player.name}, {narrator.plain(part['addressee'])}, sees one thing of this case, to answer by"
        f" {part['dueOn']}; the rest is 404:",
        form["question"],
    )


def _the_chair_is_told(stage: Stage) -> None:
    esra = stage.player("esra")
    require(_work_items(esra, stage, "escalation"), "the chair is told of a signal")
    narrator.remark(f"It stands on {esra.name}'s work list at once: a signal never goes behind the chair's back.")


def _it_waits_for_the_liaison(stage: Stage) -> None:
    mila = stage.player("mila")
    work_items = _work_items(mila, stage, "escalation")
    require(work_items, "what was asked nationally waits for the liaison")
    part = work_items[0]["part"]
    narrator.remark(
        f"Until there is an answer it stays on {mila.name}'s own list: {part['nextAction']['label']['en']},"
        f" by {part['dueOn']}. When that day has passed it shows, and decides nothing."
    )


def _the_liaison_has_done_her_part(stage: Stage) -> None:
    mila = stage.player("mila")
    require(not _work_items(mila, stage, "escalation"), "what was brought back waits for the liaison no longer")
    require_refusal(mila, f"{stage.path}/file", NOT_FOUND, "not_found")
    narrator.remark(f"{mila.name} is done here: it is off her list, and she cannot read the file any more (404).")
    the_region_keeps_it(stage)


def _work_items(player: Player, stage: Stage, kind: str) -> list[Json]:
    items = player.read(f"/work-items?whose=mine&kind={kind}&number={stage.case.number}")["items"]
    return [item for item in items if item["caseId"] == stage.case.id]


def _label(part: Json) -> str:
    return f"{part['state']['label']['en']} / {part['state']['label']['nl']}"


ASKED: Mapping[str, Observation] = {
    "03-esra-asks-the-network": _the_network_sees_what_it_was_asked,
    "06-esra-asks-for-a-place-elsewhere": the_liaison_sees_it_now,
    "08-mila-asks-the-cce-beside-it": _each_sees_its_own_question,
    "13-esra-brings-it-back": the_region_keeps_it,
}
KEPT_MOVING: Mapping[str, Observation] = {
    "02-carla-starts-triage": the_liaison_sees_nothing_yet,
    "03-mila-signals-that-it-is-stuck": _the_chair_is_told,
    "05-mila-puts-the-question": _it_waits_for_the_liaison,
    "10-mila-brings-it-back": _the_liaison_has_done_her_part,
}
