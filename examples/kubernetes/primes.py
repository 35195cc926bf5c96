"""Count primes, range by range: a flow to run in a Kubernetes cluster, which runs on this machine just as well.

    python examples/kubernetes/primes.py
    miniprefect run examples/kubernetes/primes.py --param limit=1000000

    miniprefect kubernetes job examples/kubernetes/primes.py --image IMAGE --param limit=1000000 | kubectl create -f -

The Dockerfile beside this file makes the image. job.json is what the last command prints.
"""

import itertools

from miniprefect import Flow, Parameter, task


@task
def split(limit, parts):
    """Return `parts` ranges that cover all numbers below `limit`."""
    ends = [limit * part // parts for part in range(parts + 1)]
    return list(itertools.pairwise(ends))


@task
def count(bounds):
    """Return how many primes there are from one number to before another."""
    low, high = bounds
    sieve = bytearray([1]) * (high - low)
    for divisor in range(2, int(high**0.5) + 1):
        first = max(divisor * divisor, -(-low // divisor) * divisor)
        sieve[first - low :: divisor] = bytes(len(range(first, high, divisor)))
    return sum(sieve[max(2 - low, 0) :])


@task(log_stdout=True)
def tell(limit, counts):
    """Print the number of primes below `limit`."""
    print(f"There are {sum(counts)} primes below {limit}.")
    return sum(counts)


with Flow("primes") as flow:
    limit = Parameter("limit", default=100_000)
    counts = count.map(split(limit, Parameter("parts", default=8)))
    total = tell(limit, counts)

if __name__ == "__main__":
    flow.run()
