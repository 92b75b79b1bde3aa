"""The reference workload, lossy and adaptive, by `numpy` (all tasks of a block poll in lock-step) or by `numba` (a compiled
loop, one task after another), on one core.

    python3 benches/peers/lockstep.py numpy|numba

says what it runs on, then answers each line with a number of tasks by `polls known delay_us`, summed over that many tasks.
`cargo bench --bench engine` lets it take turns with the simulator. It counts only what stands in its answer, and its draws
are not keyed: a change of one wait re-rolls all others.
"""

import math
import platform
import sys

import numpy as np

MEDIAN_S, SIGMA = 120.0, 0.5
RTT_MEDIAN_S, RTT_SIGMA = 0.080, 0.4
FIRST_S, GAP_S, LIMIT_S = 60.0, 15.0, 600.0
LOSS = 0.02
BLOCK = 1 << 15  # a few arrays of this length stay in the cache


def block(rng, tasks):
    """Waits for so many tasks: polls, tasks known, and the sum of their delays in seconds."""
    trip = RTT_MEDIAN_S * np.exp(RTT_SIGMA * rng.standard_normal(tasks))
    # Since the start of the wait, which is a round trip after the submit.
    done = MEDIAN_S * np.exp(SIGMA * rng.standard_normal(tasks)) - trip / 2
    now = np.full(tasks, FIRST_S)
    slept = FIRST_S
    polls, known, delay = 0, 0, 0.0
    while slept < LIMIT_S and done.size:
        polls += done.size
        trip = RTT_MEDIAN_S * np.exp(RTT_SIGMA * rng.standard_normal(done.size))
        told = (now + trip / 2 >= done) & (rng.random(done.size) >= LOSS)
        now += trip
        known += int(np.count_nonzero(told))
        delay += float(np.sum((now - done)[told]))
        done, now = done[~told], now[~told] + GAP_S
        slept += GAP_S
    return polls, known, delay


def lockstep(rng, tasks):
    sums = [block(rng, min(BLOCK, tasks - begun)) for begun in range(0, tasks, BLOCK)]
    return tuple(map(sum, zip(*sums)))


def one_by_one(rng, tasks):
    polls, known, delay = 0, 0, 0.0
    for _ in range(tasks):
        trip = RTT_MEDIAN_S * math.exp(RTT_SIGMA * rng.standard_normal())
        done = MEDIAN_S * math.exp(SIGMA * rng.standard_normal()) - trip / 2
        now = slept = FIRST_S
        while slept < LIMIT_S:
            polls += 1
            trip = RTT_MEDIAN_S * math.exp(RTT_SIGMA * rng.standard_normal())
            told = now + trip / 2 >= done and rng.random() >= LOSS
            now += trip
            if told:
                known += 1
                delay += now - done
                break
            now += GAP_S
            slept += GAP_S
    return polls, known, delay


def main():
    package = sys.argv[1]
    run, words = lockstep, f"Python {platform.python_version()}, numpy {np.__version__}"
    if package == "numba":
        import numba

        run, words = numba.njit(one_by_one), f"{words}, numba {numba.__version__}"
    print(words, flush=True)
    rng = np.random.default_rng(1)
    for line in sys.stdin:
        polls, known, delay = run(rng, int(line))
        print(polls, known, round(delay * 1e6), flush=True)


if __name__ == "__main__":
    main()
