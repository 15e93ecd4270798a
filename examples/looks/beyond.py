"""Beyond the region: each body sees the question that was put to it; the liaison sees what she works on."""

from collections.abc import Mapping

from examples import telling
from examples.answers import insist
from examples.looks.any_case import NOT_FOUND, Look, insist_on_no, the_region_keeps_it
from examples.scenes import Json
from examples.stage import Player, Stage


def the_liaison_sees_nothing_yet(stage: Stage) -> None:
    mila = stage.player("mila")
    insist_on_no(mila, stage.path, NOT_FOUND, "not_found")
    telling.aside(f"{mila.name}, CCE liaison, asks for the case: 404. Nobody has asked her anything yet.")


def the_liaison_sees_it_now(stage: Stage) -> None:
    mila = stage.player("mila")
    insist(_waits_for(mila, stage, "escalation"), "the escalation stands on the liaison's work list")
    file = mila.read(f"{stage.path}/file")
    telling.aside(
        f"Now it stands on {mila.name}'s work list, and she may read the whole file"
        f" ({len(file['documents'])} documents; her reading is logged)."
    )


def _the_network_sees_what_it_was_asked(stage: Stage) -> None:
    _sees_only(stage, "sara", "escalation")


def _each_sees_its_own_question(stage: Stage) -> None:
    _sees_only(stage, "tom", "question")
    _sees_only(stage, "ulla", "question")
    sara = stage.player("sara")
    kept = sara.read(stage.path)["parts"]
    insist([it["state"]["code"] for it in kept] == ["brought_back"], "the network keeps its own question, and no other")
    telling.aside(f"{sara.name} still sees what was asked of the network, as {_label(kept[0])}; not what came after.")


def _sees_only(stage: Stage, key: str, kind: str) -> None:
    """One part, the words that were meant for them, and of everything else not even that it is there."""
    player = stage.player(key)
    seen = player.read(stage.path)
    insist("main" not in seen and [it["kind"] for it in seen["parts"]] == [kind], f"{key} sees one {kind}, no more")
    part = seen["parts"][0]
    asked = player.read(f"{stage.path}/{kind}s/{part['id']}/transitions/1")["form"]
    insist("consents" not in asked and asked["question"], f"{key} reads the question, and not who consented")
    for hidden in ("/file", "/transitions", "/verification"):
        insist_on_no(player, f"{stage.path}{hidden}", NOT_FOUND, "not_found")
    insist(_waits_for(player, stage, kind), f"the question stands on the work list of {key}")
    telling.aside(
        f"{player.name}, {telling.plain(part['addressee'])}, sees one thing of this case, to answer by"
        f" {part['dueOn']}; the rest is 404:",
        asked["question"],
    )


def _the_chair_is_told(stage: Stage) -> None:
    esra = stage.player("esra")
    insist(_waits_for(esra, stage, "escalation"), "the chair is told of a signal")
    telling.aside(f"It stands on {esra.name}'s work list at once: a signal never goes behind the chair's back.")


def _it_waits_for_the_liaison(stage: Stage) -> None:
    mila = stage.player("mila")
    waiting = _waits_for(mila, stage, "escalation")
    insist(waiting, "what was asked nationally waits for the liaison")
    part = waiting[0]["part"]
    telling.aside(
        f"Until there is an answer it stays on {mila.name}'s own list: {part['nextAction']['label']['en']},"
        f" by {part['dueOn']}. When that day has passed it shows, and decides nothing."
    )


def _the_liaison_has_done_her_part(stage: Stage) -> None:
    mila = stage.player("mila")
    insist(not _waits_for(mila, stage, "escalation"), "what was brought back waits for the liaison no longer")
    insist_on_no(mila, f"{stage.path}/file", NOT_FOUND, "not_found")
    telling.aside(f"{mila.name} is done here: it is off her list, and she cannot read the file any more (404).")
    the_region_keeps_it(stage)


def _waits_for(player: Player, stage: Stage, kind: str) -> list[Json]:
    found = player.read(f"/work-items?whose=mine&kind={kind}&number={stage.case.number}")["items"]
    return [it for it in found if it["caseId"] == stage.case.id]


def _label(part: Json) -> str:
    return f"{part['state']['label']['en']} / {part['state']['label']['nl']}"


ASKED: Mapping[str, Look] = {
    "03-esra-asks-the-network": _the_network_sees_what_it_was_asked,
    "06-esra-asks-for-a-place-elsewhere": the_liaison_sees_it_now,
    "08-mila-asks-the-cce-beside-it": _each_sees_its_own_question,
    "13-esra-brings-it-back": the_region_keeps_it,
}
KEPT_MOVING: Mapping[str, Look] = {
    "02-carla-starts-triage": the_liaison_sees_nothing_yet,
    "03-mila-signals-that-it-is-stuck": _the_chair_is_told,
    "05-mila-puts-the-question": _it_waits_for_the_liaison,
    "10-mila-brings-it-back": _the_liaison_has_done_her_part,
}
