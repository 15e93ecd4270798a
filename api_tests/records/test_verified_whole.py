"""a whole installation is verified by command, alone and against a digest of its heads stored elsewhere."""

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Delete, Insert, Update, delete, insert, literal, select, text, update

from api_tests.support.case_file import CaseFile
from api_tests.support.databases import new_database
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.engines import ENGINES
from api_tests.support.forgery import engine_for, entries_of_case
from api_tests.support.people import everybody
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import running, settings_for
from api_tests.support.tampering import remove_protections, rolled_back
from api_tests.support.transactions import transaction_on
from service.__main__ import main
from service.cases.rules.history_chain import entry_digest, facts_digest
from service.cases.store.rows import row_to_transition
from service.cases.store.tables import cases, contents, outbox, parts, transitions
from service.database.keyring import Keyring, load_master_key
from service.database.tables import case_keys
from service.events.store.feeds import Feeds
from service.events.store.tables import feed
from service.integrity.store.installation import InstallationCheck
from service.settings import Settings
from service.workflows.store.tables import region_settings, workflow_edges, workflows

pytestmark = pytest.mark.server

NAMES = ("untouched", "flipped", "silent", "locked", "cut off", "rewritten", "gone")
OWNED = (outbox, contents, transitions, parts)


@dataclass(frozen=True)
class Installation:
    """A stopped service, its cases, and the digest and verification that it answered before the attacks."""

    settings: Settings
    cases: dict[str, CaseFile]
    digest_file: Path
    digest: dict[str, Any]
    verification: dict[str, Any]

    def command(self, *arguments: str) -> tuple[int | str | None, str]:
        """Run a command. Returns (exit code or message, output)."""
        output = StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(output):
            patch.setenv("CASUSROUTE_DATABASE_URL", self.settings.database_url)
            patch.setenv("CASUSROUTE_MASTER_KEY_FILE", str(self.settings.master_key_file))
            patch.setattr(sys, "argv", ["service", *arguments])
            try:
                main()
            except SystemExit as stop:
                return stop.code, output.getvalue()
        return 0, output.getvalue()

    def findings(self, *arguments: str) -> tuple[int | str | None, set[tuple[str, str, int]]]:
        """Run `verify --json`. Returns (exit code, findings); a finding is (case name, code, first bad entry)."""
        code, output = self.command("verify", "--json", *arguments)
        *lines, summary = (json.loads(line) for line in output.splitlines())
        names = {case.id: name for name, case in self.cases.items()}
        findings = {
            (names.get(line["case"], ""), line["finding"]["code"], line["firstBadSequence"])
            for line in lines
            if line["finding"]
        }
        assert summary["sound"] == (not findings)
        return code, findings


@pytest.fixture(scope="module", params=ENGINES)
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp(f"verified_{request.param}")
    settings = settings_for(folder, new_database(request, folder, request.param))
    with running(settings) as service:
        people = everybody(service.url)
        case_files = {name: CaseFile.submitted(people) for name in NAMES}
        for case in case_files.values():
            case.fire("add_note")
        lines = people.quint.get("/digest", headers={"Accept": "application/jsonl"})
        assert lines.headers["content-type"] == "application/jsonl"
        digest, verification = (
            people.quint.get("/digest"),
            people.esra.get(f"{case_files['untouched'].path}/verification"),
        )
        for person in people.values():
            person.client.close()
    digest_file = folder / "heads.jsonl"
    digest_file.write_bytes(lines.content)
    return Installation(settings, case_files, digest_file, digest.json(), verification.json())


@contextmanager
def unprotected(installation: Installation, but: str = "") -> Iterator[Connection]:
    """Switch every protection off as the owner of the database, and on again afterwards, except the trigger `but`."""
    engine = engine_for(installation.settings.database_url, undermined=True)
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            triggers = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            off, on = [f"DROP TRIGGER {name}" for name, _ in triggers], [sql for name, sql in triggers if name != but]
        else:
            query = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
            triggers = connection.execute(text(query)).all()
            off = [f"ALTER TABLE {table} DISABLE TRIGGER {name}" for table, name in triggers]
            on = [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for table, name in triggers if name != but]
        for statement in off:
            connection.exec_driver_sql(statement)
        yield connection
        for statement in on:
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_a_digest_has_a_line_for_each_case_and_a_root_that_anybody_can_recompute(installation: Installation) -> None:
    code, printed = installation.command("digest")

    *lines, last = installation.digest_file.read_text().splitlines(keepends=True)
    heads = [json.loads(line) for line in lines[1:]]
    root = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert (code, printed.splitlines()[1:-1]) == (0, [line.rstrip() for line in lines[1:]])
    assert json.loads(last) == {"cases": 7, "root": root}
    assert [head["case"] for head in heads] == sorted(case.id for case in installation.cases.values())
    assert {head["sequence"] for head in heads} == {2}
    assert installation.digest["heads"] == heads
    assert json.loads(lines[0]).keys() == {"format", "at", "database"}


def test_what_nobody_touched_is_sound_alone_and_against_its_digest(installation: Installation) -> None:
    untouched = installation.cases["untouched"]

    code, output = installation.command("verify", "--against", str(installation.digest_file))
    _, report = installation.command("verify", "--json", "--case", untouched.number)

    root = json.loads(installation.digest_file.read_text().splitlines()[-1])["root"]
    assert (code, output.splitlines()[0]) == (0, f"cases 7; entries 14; findings 0; unsealed 0; root {root}")
    line = json.loads(report.splitlines()[0])
    assert {name: line[name] for name in installation.verification} == installation.verification
    assert (line["case"], line["number"], line["sound"]) == (untouched.id, untouched.number, True)
    assert installation.command("verify", "--case", "nobody") == ("not done: no case has this number or id", "")


@broken_by(
    "A changed digest of the heads is refused",
    "service/integrity/rules/digest.py",
    "        root.update(last.encode())\n        last = line\n"
    '    if last.rstrip("\\n") != to_canonical_json({"cases": count - 1, "root": root.hexdigest()}):',
    "        root.update(last.encode())\n        last = line\n    if not last:",
)
def test_a_digest_that_was_changed_is_no_digest(installation: Installation, tmp_path: Path) -> None:
    digest = installation.digest_file.read_text()
    for changed in (digest.replace('"sequence":2', '"sequence":1', 1), digest.rpartition("{")[0], "", "{}\n", "\x00"):
        (tmp_path / "heads").write_text(changed)

        code, output = installation.command("verify", "--against", str(tmp_path / "heads"))

        assert str(code).startswith("not done: ")
        assert output == ""


_EXTRA_EDGE = select(workflows.c.hash, literal("close"), literal("start"), literal("closed"))
SURROUNDINGS: dict[str, tuple[Update | Delete | Insert, set[str]]] = {
    "a definition": (update(workflows).values(definition="{}"), {"workflow_text"}),
    "a blank in a definition": (
        update(workflows).values(definition=workflows.c.definition.concat(" ")),
        {"workflow_text"},
    ),
    "how many edges": (update(workflows).values(edges=workflows.c.edges + 1), {"workflow_edges"}),
    "an edge taken away": (delete(workflow_edges).where(workflow_edges.c.source == "start"), {"workflow_edges"}),
    "an edge put beside": (insert(workflow_edges).from_select(list(workflow_edges.c), _EXTRA_EDGE), {"workflow_edges"}),
    "a workflow": (delete(workflows).where(workflows.c.name == "case"), {"rules_missing", "workflow_edges"}),
    "what settings say": (update(region_settings).values(settings="{}"), {"settings_text"}),
    "settings": (delete(region_settings), {"rules_missing"}),
    "the beginning of feeds": (delete(feed).where(feed.c.position == 1), {"feed_gap", "feed_unheard"}),
    "feeds": (delete(feed), {"feed_unheard"}),
    "cases": (delete(cases), {"without_case"}),
    "entries": (delete(transitions).where(transitions.c.sequence == 2), {"without_entry"}),
}


def test_workflows_settings_and_feeds_are_verified_too(installation: Installation) -> None:
    engine = engine_for(installation.settings.database_url, undermined=True)
    keyring = Keyring(load_master_key(None, installation.settings.master_key_file))
    findings = {}
    with engine.connect() as connection:
        assert Feeds(transaction_on(connection, keyring)).publish(100) == 14
        remove_protections(connection)
        for name, (attack, _) in SURROUNDINGS.items():
            with rolled_back(connection):
                connection.execute(attack)

                findings[name] = {
                    code for code, _ in InstallationCheck(transaction_on(connection, keyring)).faults_of_installation()
                }
        connection.rollback()
    engine.dispose()

    assert findings == {name: {*codes, "protections"} for name, (_, codes) in SURROUNDINGS.items()}


@broken_by(
    "A digest kept elsewhere reveals a history that was cut off together with its heads",
    "service/integrity/store/heads.py",
    'yield HeadMismatch(head.case, min(current[head.case] + 1, head.sequence), "cut_off")',
    "continue",
)
@broken_by(
    "Verification finds a content key that was removed or changed, and an event that was removed",
    "service/integrity/use_cases.py",
    "sequence, fault = next(faults, (None, None))",
    "sequence, fault = None, None",
)
def test_what_was_attacked_is_named_and_what_was_cut_off_with_its_heads_only_against_the_digest(
    installation: Installation,
) -> None:
    """This test is the last of the file, because it repairs nothing. Protections are off during the attacks only."""
    with unprotected(installation) as connection:
        for name, attack in ATTACKS.items():
            attack(connection, installation.cases[name].id)

    code, alone = installation.findings()
    code_against, against = installation.findings("--against", str(installation.digest_file))
    _, table = installation.command("verify", "--against", str(installation.digest_file))
    cut = installation.cases["cut off"].id

    expected = {("flipped", "facts", 1), ("silent", "news", 2), ("locked", "key", 2)}
    assert (code, alone) == (1, expected)
    assert (code_against, against) == (
        1,
        expected | {("cut off", "cut_off", 2), ("gone", "case_gone", 1), ("rewritten", "rewritten", 2)},
    )
    assert installation.command("verify", "--case", cut)[0] == 0
    assert installation.findings("--case", cut, "--against", str(installation.digest_file)) == (
        1,
        {("cut off", "cut_off", 2)},
    )
    flipped = installation.cases["flipped"]
    row = [flipped.number, flipped.id, "1", "its facts have changed since they were recorded"]
    assert row in [line.split(maxsplit=3) for line in table.splitlines()]
    assert "Repair nothing." in table.splitlines()[-1]

    with unprotected(installation, but="contents_no_delete"):
        pass
    _, report = installation.command("verify")

    assert "missing: contents_no_delete" in report


def _flip(connection: Connection, case_id: str) -> None:
    first = (transitions.c.case_id == case_id, transitions.c.sequence == 1)
    connection.execute(update(transitions).where(*first).values(role="chair"))


def _silence(connection: Connection, case_id: str) -> None:
    connection.execute(delete(outbox).where(outbox.c.case_id == case_id, outbox.c.sequence == 2))


def _lock(connection: Connection, case_id: str) -> None:
    """Change one bit of the wrapped key of the note."""
    owned = (case_keys.c.owner_id == case_id, case_keys.c.content_class == "notes")
    wrapped = connection.execute(select(case_keys.c.wrapped).where(*owned)).scalar_one()
    connection.execute(update(case_keys).where(*owned).values(wrapped=wrapped[:-1] + bytes([wrapped[-1] ^ 1])))


def _cut_off(connection: Connection, case_id: str) -> None:
    """Delete the note and set the heads back to the entry before it."""
    first = entries_of_case(connection, case_id)[0]
    for table in (outbox, contents, transitions):
        connection.execute(delete(table).where(table.c.case_id == case_id, table.c.sequence > 1))
    head = {"sequence": 1, "digest": first.digest, "recorded_at": first.recorded_at}
    connection.execute(update(cases).where(cases.c.id == case_id).values(head))
    names = ("phase", "occurred_at", "party", "party_id", "assignee_id", "due_on")
    part = {"sequence": 1, "state": first.target, **{name: getattr(first, name) for name in names}}
    connection.execute(update(parts).where(parts.c.id == case_id).values(part))


def _rewrite(connection: Connection, case_id: str) -> None:
    """Make the screener of the team the author of the note, and recompute the digests after it."""
    at = (transitions.c.case_id == case_id, transitions.c.sequence == 2)
    screener = {"actor_id": PERSON_IDS["daan"], "role": "screener", "organisation_id": ORGANISATION_IDS["ret"]}
    connection.execute(update(transitions).where(*at).values({name: str(value) for name, value in screener.items()}))
    first, note = entries_of_case(connection, case_id)
    facts = facts_digest(note.facts_salt, row_to_transition(note))
    digest = entry_digest(first.digest, 2, facts, note.content_digest)
    connection.execute(update(transitions).where(*at).values(facts_digest=facts, digest=digest))
    connection.execute(update(cases).where(cases.c.id == case_id).values(digest=digest))


def _remove(connection: Connection, case_id: str) -> None:
    for table in OWNED:
        connection.execute(delete(table).where(table.c.case_id == case_id))
    connection.execute(delete(cases).where(cases.c.id == case_id))


ATTACKS = {
    "flipped": _flip,
    "silent": _silence,
    "locked": _lock,
    "cut off": _cut_off,
    "rewritten": _rewrite,
    "gone": _remove,
}
