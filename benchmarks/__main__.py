"""`python -m benchmarks` (`make bench`): how long a search takes on the running demo."""

import sys

from benchmarks import search_latency

if __name__ == "__main__":
    sys.argv[1:] = sys.argv[1:] or ["--store", "demo"]
    search_latency.main()
