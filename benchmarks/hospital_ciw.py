"""Ciw on a hospital of the reference layout, read from standard input: events per CPU second of the
simulation alone, the best of three.

pip install ciw && python benchmarks/hospital_ciw.py DAYS < src/gemel/domains/hospital/data/ref_hospital_v1.json
Two events for every completed service and one for every arrival.  At a change of shift Ciw adds the full new roster
while those who are busy finish, so its waits differ; the work is the same.
"""

import json
import math
import sys
import time

import ciw


def network(spec, hours):
    names = list(spec["stations"])
    classes = [*spec["class_names"], "elective"]
    return ciw.create_network(
        arrival_distributions={c: arrivals(spec, names, k, hours) for k, c in enumerate(classes)},
        service_distributions={c: [service(spec["stations"][n], k) for n in names] for k, c in enumerate(classes)},
        routing={c: [row(spec, names, n, c) for n in names] for c in classes},
        priority_classes={c: k for k, c in enumerate(classes)},
        number_of_servers=[servers(spec["stations"][n]) for n in names],
    )


def arrivals(spec, names, k, hours):
    if k == len(spec["class_names"]):
        return [ciw.dists.Exponential(spec["elective_rate_per_h"]) if n == "ward" else None for n in names]
    rates = [rate * spec["class_probs"][k] for rate in spec["ed_hourly_rates"]]
    come = ciw.dists.PoissonIntervals(rates=rates, endpoints=[h + 1.0 for h in range(24)], max_sample_date=hours)
    return [come, *[None] * (len(names) - 1)]


def service(own, k):
    mean = own["mean_h"][min(k, len(own["mean_h"]) - 1)] if isinstance(own["mean_h"], list) else own["mean_h"]
    if own["dist"] == "exponential":
        return ciw.dists.Exponential(1.0 / mean)
    variance = math.log(1.0 + own["cv"] ** 2)
    return ciw.dists.Lognormal(math.log(mean) - variance / 2.0, math.sqrt(variance))


def row(spec, names, name, c):
    ways = spec["routing"][name]
    if isinstance(ways, str):
        ways = {ways.split()[-1]: 1.0}
    elif any(isinstance(share, dict) for share in ways.values()):
        ways = ways.get(c, {})
    return [float(ways.get(goal, 0.0)) for goal in names]


def servers(own):
    roster = own.get("capacity_schedule")
    if not roster:
        return own["capacity"]
    ends = [*[hour for hour, _ in roster[1:]], own.get("period_h", 24)]
    return ciw.Schedule(numbers_of_servers=[n for _, n in roster], shift_end_dates=ends, preemption=False)


if __name__ == "__main__":
    declared, end = json.load(sys.stdin), 24.0 * float(sys.argv[1])
    rates = []
    for seed in range(3):
        ciw.seed(seed)
        simulation = ciw.Simulation(network(declared, end))
        start = time.process_time()
        simulation.simulate_until_max_time(end)
        spent = time.process_time() - start
        done = simulation.get_all_records()
        come = sum(1 for r in done if r.node == 1 or r.customer_class == "elective")
        rates.append((2 * len(done) + come) / spent)
    print(json.dumps({"events_per_cpu_s": max(rates)}))
