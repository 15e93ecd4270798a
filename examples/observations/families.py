"""Observations of families: the texts that they read in their own case, and the young person's say from sixteen."""

from collections.abc import Mapping
from datetime import date

from examples import narrator
from examples.answers import require
from examples.observations.any_case import FORBIDDEN, Observation, require_refusal, the_child_waits
from examples.stage import Stage

FROM_SIXTEEN, OF_AGE = 16, 18


def _she_reads_the_answer(stage: Stage) -> None:
    wilma = stage.player("wilma")
    documents = wilma.read(f"{stage.path}/file")["documents"]
    steps = [document["entry"]["trigger"] for document in documents]
    require(steps == ["ask_consult", "give_consult"], f"who asked reads the question and the answer, but: {steps}")
    work_items = wilma.read(f"/work-items?whose=mine&number={stage.case.number}")["items"]
    require([item["caseId"] for item in work_items] == [stage.case.id], "it is the family's turn, and so it is told")
    narrator.remark(f"{wilma.name} reads her own question and the answer:", documents[-1]["form"]["advice"])


def _mother_reads_nothing(stage: Stage) -> None:
    wilma = stage.player("wilma")
    require_refusal(wilma, f"{stage.path}/file", FORBIDDEN, "young_person_decides")
    narrator.remark(
        f"{wilma.name}, her mother, asks for the file: 403. From sixteen on her daughter decides about that."
    )


def _mother_reads_along(stage: Stage) -> None:
    wilma = stage.player("wilma")
    documents = wilma.read(f"{stage.path}/file")["documents"]
    require(documents, "a mother reads what her daughter shares")
    narrator.remark(f"{wilma.name} reads along now ({len(documents)} documents), because her daughter wants her to.")


def _a_plan_is_asked(stage: Stage) -> None:
    _age_asks(stage, "overdue")


def _a_plan_is_there(stage: Stage) -> None:
    _age_asks(stage, "recorded")


def _age_asks(stage: Stage, plan: str) -> None:
    yara = stage.player("yara")
    duties = yara.read(f"{stage.path}/coming-of-age")
    turns_18 = date.fromisoformat(duties["turns18On"])
    require(duties["planAfter18"] == plan, f"the plan for after 18 is {plan}, but: {duties['planAfter18']}")
    reached = [FROM_SIXTEEN] + ([OF_AGE] if narrator.today() >= turns_18 else [])
    consents = duties["consentsToReask"]
    ages = {consent["purpose"]["code"]: consent["ages"] for consent in consents}
    require(ages.get("learning") == reached, f"what was agreed to at fifteen is asked again at {reached}, but: {ages}")
    narrator.remark(
        f"What her age asks for today, as {yara.name} sees it; it stops nothing. She turns 18 on {turns_18}:",
        f"plan for after 18: {duties['explanation']['en']} / {duties['explanation']['nl']}",
        f"ask again, agreed to at fifteen: {', '.join(consent['purpose']['label']['en'] for consent in consents)}",
    )


def _she_is_asked_again(stage: Stage) -> None:
    consents = stage.player("yara").read(f"{stage.path}/coming-of-age")["consentsToReask"]
    ages = {consent["purpose"]["code"]: consent["ages"] for consent in consents}.get("learning", [])
    require(FROM_SIXTEEN not in ages, "what she decided at seventeen is not asked again for turning sixteen")
    narrator.remark("What she decided herself at seventeen need not be asked again for having turned sixteen.")


ANSWERED: Mapping[str, Observation] = {
    "04-daan-answers": _she_reads_the_answer,
    "09-esra-opens-the-table": the_child_waits,
}
SEVENTEEN: Mapping[str, Observation] = {
    "02-wilma-cannot-decide-for-her": _mother_reads_nothing,
    "03-yara-lets-her-mother-read-along": _mother_reads_along,
    "07-esra-concludes-the-analysis": _a_plan_is_asked,
    "08-esra-issues-the-advice": _a_plan_is_there,
    "09-yara-decides-about-learning": _she_is_asked_again,
    "10-yara-keeps-the-rest-to-herself": _mother_reads_nothing,
}
