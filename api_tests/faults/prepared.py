"""The modules and objects that all lives of the service share, imported once by the process that forks them.

Rules, routes and the published document take most of a start, and are not tested here. All lives sign demonstration
identities with one key, so that a token stays valid when the process that gave it has died.
"""

import gc

from joserfc.jwk import RSAKey

import api_tests.faults.failing  # noqa: F401 - imported once for all lives
from api_tests.faults.sabotaged import replace_attributes
from api_tests.support.checkout import ROOT
from service import app
from service.routes import create_api

key = RSAKey.generate_key(2048, {"kid": "demonstration", "use": "sig", "alg": "RS256"})
rules = app.read_rulebook(ROOT / "workflows")
api = create_api(rules, "http://127.0.0.1")

replace_attributes(RSAKey, generate_key=lambda *_, **__: key)
replace_attributes(app, read_rulebook=lambda _: rules, create_api=lambda *_: api)
gc.freeze()
