"""Shares of what is too much for one run: commits take turns, so that each share is run again after SHARES commits.

A commit always has the same share. A name stays in its share when others are added.
"""

import subprocess
import zlib

from api_tests.support.checkout import ROOT

SHARES = 3


def share_of_commit(shares: int = SHARES) -> int:
    """The share of the commit that is checked out. It is the first where there is no commit, as in an archive."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return int(head.stdout.strip() or "0", 16) % shares


def in_share(name: str, share: int, shares: int = SHARES) -> bool:
    return zlib.crc32(name.encode()) % shares == share
