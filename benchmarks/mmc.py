"""Event loop on M/M/1 and M/M/10: speed, agreement with Erlang C, ratio to SimPy.

python benchmarks/mmc.py [CPU seconds per case]
"""

import json
import sys

from gemel.domains.hospital.mmc import bench_mmc

if __name__ == "__main__":
    print(json.dumps(bench_mmc(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0), indent=2))
