"""The levels of the release ladder: the content of each, and the detail that a difference costs."""

import csv
import io
import json
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.support.roads import (
    CONSULT,
    HELPED,
    MILD_ROADS,
    NO_ROOM,
    NOW,
    START_TRIAGE,
    SUBMIT,
    TO_ADVICE,
    TO_CONSULT,
    TO_REFUSAL,
    TOO_RISKY,
    K,
    Plan,
    histories_of,
    history,
    plans,
    released,
)
from service.cases.rules.model import Transition
from service.learning.rules.case_routes import build_routes
from service.learning.rules.export import COLUMNS, LEVEL_LABELS, as_csv, as_json, csv_table
from service.learning.rules.release_ladder import GeneralisedRoute, Level, Release, generalise
from service.vocabulary.ages import AGE_BANDS

# The same end by five different orders of steps.
DETOURS = [(SUBMIT, *[START_TRIAGE] * times, CONSULT, HELPED) for times in range(1, K + 1)]
FORMULA_SIGNS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


def only_look(release: Release) -> GeneralisedRoute:
    looks = {case.route for case in release.cases}
    assert (len(looks), len(release.cases)) == (1, K)
    return looks.pop()


def test_cases_that_agree_in_all_are_shown_in_full() -> None:
    release = released([history(TO_REFUSAL, wait=40) for _ in range(K)])

    shown = as_json(release)["histories"][0]
    assert (shown["level"], shown["ageBand"], shown["totalBand"]) == (1, "12-15", None)
    assert (shown["endState"], shown["waitSoFar"]) == ("open", "4_to_13_weeks")
    assert shown["steps"][6] == {
        "part": "commitment",
        "trigger": "refuse",
        "target": "refused",
        "waitBand": "4_to_13_weeks",
        "role": "provider",
        "codes": {"refusal_reason": ["no_capacity"]},
    }


def test_another_age_costs_the_age_and_keeps_the_waits() -> None:
    shown = only_look(released([history(TO_REFUSAL, age=age) for age in AGE_BANDS[:K]]))

    assert (shown.level, shown.age_band) == (Level.ORDER_WAITS, None)
    assert all(step.wait_band for step in shown.steps[1:])


def test_another_reason_costs_all_reasons_and_roles_as_they_are_part_of_the_look() -> None:
    crowd = [history((*TO_ADVICE, NO_ROOM)), *(history((*TO_ADVICE, TOO_RISKY)) for _ in range(K - 1))]

    shown = only_look(released(crowd))

    assert (shown.level, shown.total_band) == (Level.ORDER_TOTAL, "4_to_13_weeks")
    assert {(step.wait_band, step.role, step.codes) for step in shown.steps} == {(None, None, None)}


def test_another_length_costs_everything_but_the_order() -> None:
    shown = only_look(released([history(TO_CONSULT, wait=wait) for wait in (1, 15, 40, 80, 200)]))

    assert (shown.level, shown.total_band, shown.age_band) == (Level.ORDER, None, None)
    assert [step.trigger for step in shown.steps] == [move.trigger for move in TO_CONSULT]


def test_another_order_leaves_the_route_with_its_length() -> None:
    shown = only_look(released([history(road, wait=1) for road in DETOURS]))

    assert shown == generalise(build_routes([history(DETOURS[0], wait=1)], as_of=NOW)[0], Level.ROUTE_TOTAL)
    assert (shown.steps, shown.total_band) == ((), "under_4_weeks")


def test_the_coarsest_look_is_end_tables_placements_and_escalation() -> None:
    release = released([history(road, wait=wait) for road, wait in zip(DETOURS, (1, 10, 30, 60, 200), strict=True)])

    rows = list(csv.reader(io.StringIO(as_csv(release), newline="")))[1:]
    assert {tuple(row[1:]) for row in rows} == {
        ("6", "0", "case", "whole_route", "closed", *[""] * 6, "closed", "0", "0", "no")
    }
    assert only_look(release).level == Level.ROUTE


# --- no persons and no places ---


@settings(max_examples=40, deadline=None)
@given(plans())
def test_i24_no_person_organisation_time_or_region_of_the_input_leaves(planned: list[Plan]) -> None:
    histories = histories_of(planned)

    release = released(histories)

    text = as_csv(release) + json.dumps(as_json(release))
    secret = {word for entries in histories for entry in entries for word in identifying_words(entry)}
    assert [word for word in secret if word in text] == []


def identifying_words(entry: Transition) -> Iterator[str]:
    for identifier in (
        entry.case_id,
        entry.part_id,
        entry.actor_id,
        entry.organisation_id,
        entry.party_id,
        entry.assignee_id,
        entry.addressee_id,
    ):
        yield from (str(identifier), str(identifier).replace("-", ""))
    for moment in (entry.occurred_at, entry.recorded_at):
        yield from (moment.date().isoformat(), moment.strftime("%H:%M"), str(int(moment.timestamp())))
    yield from ("2026-12-31", entry.region, entry.workflow, entry.settings, "line-of-advice", "referral")
    yield from ("legal_status", "safety", "enclosed")


def test_r96_persons_organisations_and_regions_change_nothing_in_a_look() -> None:
    histories = [history(TO_CONSULT, region=region) for region in ("JZ25", "JZ07") for _ in range(K)]

    release = released(histories)

    assert len(release.cases) == 2 * K
    assert len({case.route for case in release.cases}) == 1


# --- no formulas for a spreadsheet ---

DANGEROUS = st.builds("{}{}{}".format, st.sampled_from(["", " "]), st.sampled_from(list(FORMULA_SIGNS)), st.text())


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.text() | DANGEROUS, min_size=2, max_size=4), min_size=1, max_size=4))
def test_no_cell_of_a_table_begins_like_a_formula_and_all_text_survives(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_table(rows), newline="")))

    cells = [pair for row, before in zip(read, rows, strict=True) for pair in zip(row, before, strict=True)]
    assert all(cell in {original, f"'{original}"} for cell, original in cells)
    assert not [cell for cell, _ in cells if cell.lstrip(" ")[:1] in set(FORMULA_SIGNS)]


def test_the_csv_follows_the_standard_and_leaves_no_case_or_step_empty() -> None:
    release = released([history(road, wait=wait) for road in MILD_ROADS for wait in (1, 100) for _ in range(K)])

    text = as_csv(release)

    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert text.count("\r\n") == text.count("\n") == len(rows) + 1
    assert list(rows[0]) == list(COLUMNS)
    for name in ("reference", "level", "step_number", "part", "trigger", "target", "end_state"):
        assert all(row[name] for row in rows)
    assert {row["age_band"] for row in rows} == {"12-15 years"}


def test_every_column_and_level_is_explained_in_two_languages() -> None:
    assert list(LEVEL_LABELS) == list(Level)
    assert all(words.nl and words.en for words in (*COLUMNS.values(), *LEVEL_LABELS.values()))
