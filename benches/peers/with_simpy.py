"""The reference workload, lossy, adaptive, in SimPy, which gives each task a process: tasks a second on one core.

It counts polls, known tasks and delay, as the floors of `cargo bench --bench engine` do.
"""

import math
import statistics
import sys
import time

import numpy as np
import simpy

MEDIAN_S, SIGMA = 120.0, 0.5
RTT_MEDIAN_S, RTT_SIGMA = 0.080, 0.4
FIRST_S, GAP_S, LIMIT_S = 60.0, 15.0, 600.0
LOSS = 0.02
RATE_PER_S = 7.3  # keeps a thousand tasks in flight
ROUNDS = 5


def with_simpy(tasks: int, seed: int) -> tuple[int, int, float]:
    rng = np.random.default_rng(seed)
    gaps = iter((rng.exponential(1 / RATE_PER_S, tasks)).tolist())
    completions = iter((MEDIAN_S * np.exp(SIGMA * rng.standard_normal(tasks))).tolist())
    # Draws by the block: asking numpy for one number at a time would be half of the time.
    block = 1 << 16
    trips, lots = iter(()), iter(())

    def draw() -> tuple[float, float]:
        nonlocal trips, lots
        trip = next(trips, None)
        if trip is None:
            trips = iter((RTT_MEDIAN_S * np.exp(RTT_SIGMA * rng.standard_normal(block))).tolist())
            lots = iter(rng.random(block).tolist())
            trip = next(trips)
        return trip, next(lots)

    polls, known, delay = 0, 0, 0.0
    environment = simpy.Environment()

    def wait(completion: float):
        nonlocal polls, known, delay
        trip, _ = draw()
        done = environment.now + trip / 2 + completion
        yield environment.timeout(trip + FIRST_S)
        slept = FIRST_S
        while slept < LIMIT_S:
            polls += 1
            trip, lot = draw()
            heard = environment.now + trip / 2 >= done and lot >= LOSS
            yield environment.timeout(trip)
            if heard:
                known += 1
                delay += environment.now - done
                return
            yield environment.timeout(GAP_S)
            slept += GAP_S

    def submit():
        for gap, completion in zip(gaps, completions):
            yield environment.timeout(gap)
            environment.process(wait(completion))

    environment.process(submit())
    environment.run()
    return polls, known, delay


def main() -> None:
    print(f"Python {sys.version.split()[0]}, SimPy {simpy.__version__}")
    tasks, seconds = 20_000, []
    for seed in range(ROUNDS):
        start = time.perf_counter()
        polls, known, delay = with_simpy(tasks, seed)
        seconds.append(time.perf_counter() - start)
        # The same workload as the simulator's: 6.58 polls a task, and nearly every task known.
        assert math.isclose(polls / tasks, 6.58, rel_tol=0.03), polls / tasks
        assert known / tasks > 0.99 and 7.0 < delay / known < 9.0, (known, delay)
    rate = tasks / statistics.median(seconds)
    print(f"SimPy: {rate / 1e6:.3f} million tasks/s ({polls / tasks:.2f} polls a task)")


if __name__ == "__main__":
    main()
