# SPDX-License-Identifier: GPL-2.0-only
"""The rounds of kill by the hundred, three guests each: SOAK=ROUNDS, at least 100 in make test-all."""
import os

import kill

before, after = kill.before, kill.after
GUESTS = 3

for _seed in range(1000, 1000 + int(os.environ.get("SOAK", "100"))):
    globals()[f"round_{_seed}"] = kill.round_of(_seed, GUESTS)
