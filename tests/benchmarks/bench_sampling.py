"""Benchmark of the sequential test: mean number of requests against Wald's lower bound and against a test
of fixed size, and its own cost.

Run it as a program; it prints a table. The seed is fixed: the same numbers every time, apart from the times.
`±` is the standard error of the ratio: so many tests are run that it is about a hundredth.
"""

import math
import random
import statistics
import time

from pytest_smi.scenario.sampling.share_test import ShareTest, next_batch, wald_lower_bound

WEIGHTS: tuple[dict[str, float], ...] = (
    {"v1": 90, "v2": 10},
    {"v1": 50, "v2": 50},
    {"v1": 50, "v2": 30, "v3": 20},
    {"v1": 1, "v2": 3},
    {"v1": 1, "v2": 1, "v3": 1},
    {"v1": 300, "v2": 1},
    {"v1": 100, "v2": 0},
)
TESTS = 2000


def fixed_size(plan: ShareTest) -> int:
    """Requests that a test of fixed size needs for the same errors: normal approximation, largest over all backends."""
    z_alpha, z_beta = 4.892, 3.090  # two-sided 1e-6, one-sided 1e-3
    sizes = []
    for share in plan.shares.values():
        for other in (share + plan.delta, share - plan.delta):
            if 0 < share < 1 and 0 < other < 1:
                spread = z_alpha * math.sqrt(share * (1 - share)) + z_beta * math.sqrt(other * (1 - other))
                sizes.append((spread / plan.delta) ** 2)
    return math.ceil(max(sizes, default=0))


def main() -> None:
    """Print the table."""
    print(f"{'weights':<16}{'mean n':>8}{'bound':>8}{'ratio':>7}{'±':>7}{'fixed n':>9}{'plan ms':>9}{'µs/request':>12}")
    for weights in WEIGHTS:
        began = time.perf_counter()
        plan = ShareTest.from_weights(weights)
        planned = time.perf_counter()
        dice = random.Random(1)
        sizes: list[int] = []
        # With a backend of weight zero nothing depends on chance: two tests are as good as many.
        for _ in range(TESTS if min(weights.values()) > 0 else 2):
            state = plan.start()
            while batch := next_batch(state):
                state = state.feed(dice.choices(list(weights), list(weights.values()), k=batch))
            sizes.append(state.n)
        done = time.perf_counter()
        sent, bound = sum(sizes), wald_lower_bound(plan)
        mean, error = sent / len(sizes), statistics.stdev(sizes) / math.sqrt(len(sizes))
        name = "/".join(f"{weight:g}" for weight in weights.values())
        costs = f"{1e3 * (planned - began):>9.1f}{1e6 * (done - planned) / sent:>12.1f}"
        print(
            f"{name:<16}{mean:>8.0f}{bound:>8.0f}{mean / bound:>7.2f}{error / bound:>7.2f}{fixed_size(plan):>9}{costs}"
        )


if __name__ == "__main__":
    main()
