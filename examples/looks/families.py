"""Families: what they read of their own case, and who decides about that from sixteen."""

from collections.abc import Mapping
from datetime import date

from examples import telling
from examples.answers import insist
from examples.looks.any_case import FORBIDDEN, Look, insist_on_no, the_child_waits
from examples.stage import Stage

FROM_SIXTEEN, OF_AGE = 16, 18


def _she_reads_the_answer(stage: Stage) -> None:
    wilma = stage.player("wilma")
    documents = wilma.read(f"{stage.path}/file")["documents"]
    written = [it["entry"]["trigger"] for it in documents]
    insist(written == ["ask_consult", "give_consult"], f"who asked reads the question and the answer, but: {written}")
    waiting = wilma.read(f"/work-items?whose=mine&number={stage.case.number}")["items"]
    insist([it["caseId"] for it in waiting] == [stage.case.id], "it is the family's turn, and so it is told")
    telling.aside(f"{wilma.name} reads her own question and the answer:", documents[-1]["form"]["advice"])


def _mother_reads_nothing(stage: Stage) -> None:
    wilma = stage.player("wilma")
    insist_on_no(wilma, f"{stage.path}/file", FORBIDDEN, "young_person_decides")
    telling.aside(f"{wilma.name}, her mother, asks for the file: 403. From sixteen on her daughter decides about that.")


def _mother_reads_along(stage: Stage) -> None:
    wilma = stage.player("wilma")
    documents = wilma.read(f"{stage.path}/file")["documents"]
    insist(documents, "a mother reads what her daughter shares")
    telling.aside(f"{wilma.name} reads along now ({len(documents)} documents), because her daughter wants her to.")


def _a_plan_is_asked(stage: Stage) -> None:
    _age_asks(stage, "overdue")


def _a_plan_is_there(stage: Stage) -> None:
    _age_asks(stage, "recorded")


def _age_asks(stage: Stage, plan: str) -> None:
    yara = stage.player("yara")
    found = yara.read(f"{stage.path}/coming-of-age")
    turns_18 = date.fromisoformat(found["turns18On"])
    insist(found["planAfter18"] == plan, f"the plan for after 18 is {plan}, but: {found['planAfter18']}")
    reached = [FROM_SIXTEEN] + ([OF_AGE] if telling.today() >= turns_18 else [])
    again = found["consentsToReask"]
    asked = {it["purpose"]["code"]: it["ages"] for it in again}
    insist(asked.get("learning") == reached, f"what was agreed to at fifteen is asked again at {reached}, but: {asked}")
    telling.aside(
        f"What her age asks for today, as {yara.name} sees it; it stops nothing. She turns 18 on {turns_18}:",
        f"plan for after 18: {found['explanation']['en']} / {found['explanation']['nl']}",
        f"ask again, agreed to at fifteen: {', '.join(it['purpose']['label']['en'] for it in again)}",
    )


def _she_is_asked_again(stage: Stage) -> None:
    found = stage.player("yara").read(f"{stage.path}/coming-of-age")["consentsToReask"]
    ages = {it["purpose"]["code"]: it["ages"] for it in found}.get("learning", [])
    insist(FROM_SIXTEEN not in ages, "what she decided at seventeen is not asked again for turning sixteen")
    telling.aside("What she decided herself at seventeen need not be asked again for having turned sixteen.")


ANSWERED: Mapping[str, Look] = {
    "04-daan-answers": _she_reads_the_answer,
    "09-esra-opens-the-table": the_child_waits,
}
SEVENTEEN: Mapping[str, Look] = {
    "02-wilma-cannot-decide-for-her": _mother_reads_nothing,
    "03-yara-lets-her-mother-read-along": _mother_reads_along,
    "07-esra-concludes-the-analysis": _a_plan_is_asked,
    "08-esra-issues-the-advice": _a_plan_is_there,
    "09-yara-decides-about-learning": _she_is_asked_again,
    "10-yara-keeps-the-rest-to-herself": _mother_reads_nothing,
}
