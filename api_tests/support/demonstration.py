"""The people and organisations of the demonstration region, and the person who takes each step in these tests."""

from service.people.use_cases.demonstration import ORGANISATIONS, PEOPLE

ORGANISATION_IDS = {organisation.key: organisation.id for organisation in ORGANISATIONS}
PERSON_IDS = {person.key: person.id for person in PEOPLE}

# The person who takes a step, by the first role that its trigger allows.
PERSON_BY_ROLE = {
    "local_team": "anna",
    "coordinator": "carla",
    "screener": "daan",
    "chair": "esra",
    "expert": "floor",
    "expert_by_experience": "gijs",
    "process_director": "hanna",
    "provider": "ivo",
    "municipality": "karim",
    "cce_liaison": "mila",
    "expertise_network": "sara",
    "national_support": "tom",
    "parent": "wilma",
    "young_person": "yara",
    "data_protection_officer": "quint",
}

# The chair who issued the advice may not judge it alone (I15): the second chair does.
PERSON_BY_TRIGGER = dict.fromkeys(("confirm_advice", "conclude_revised"), "vera")
