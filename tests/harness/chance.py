"""Chance for ports, names and SIP tags: the system's, not the seeded one.

Hypothesis seeds the global generator alike in every process; two test processes would then want the same ports, and a witness
would watch the other's switch.
"""

from __future__ import annotations

import random

CHANCE = random.SystemRandom()
