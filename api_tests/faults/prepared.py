"""What every life of the service begins with: imported once by the process that all of them are forked from.

Rules, routes and the published document take most of a start, and are not what is tried here. The key that signs
demonstration identities is the same for all, so that a token outlives whoever gave it.
"""

import gc

from joserfc.jwk import RSAKey

import api_tests.faults.failing  # noqa: F401 - imported here for all lives
from api_tests.faults.sabotaged import put
from api_tests.support.checkout import ROOT
from service import app
from service.routes import create_api

key = RSAKey.generate_key(2048, {"kid": "demonstration", "use": "sig", "alg": "RS256"})
rules = app.read_folder(ROOT / "workflows")
api = create_api(rules, "http://127.0.0.1")

put(RSAKey, generate_key=lambda *_, **__: key)
put(app, read_folder=lambda _: rules, create_api=lambda *_: api)
gc.freeze()
