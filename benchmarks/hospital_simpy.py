"""SimPy on a hospital of the reference layout, read from standard input: events per CPU second, the best of three.

python benchmarks/hospital_simpy.py DAYS < src/gemel/domains/hospital/data/ref_hospital_v1.json
Two events for every completed service and one for every arrival.  SimPy has no rosters: an absent doctor is a request
of the highest priority.
"""

import json
import math
import random
import sys
import time

import simpy


def run(spec, days):
    luck, env, counts = random.Random(1), simpy.Environment(), {"visits": 0, "arrivals": 0}
    pools = {}
    for name, own in spec["stations"].items():
        roster = own.get("capacity_schedule") or [[0, own["capacity"]]]
        pools[name] = simpy.PriorityResource(env, max(units for _, units in roster))
        if len(roster) > 1:
            env.process(shifts(env, pools[name], roster, own.get("period_h", 24)))
    env.process(door(env, spec, pools, luck, counts))
    env.process(electives(env, spec, pools, luck, counts))
    env.run(until=24.0 * days)
    return 2 * counts["visits"] + counts["arrivals"]


def duration(own, k, luck):
    mean = own["mean_h"][min(k, len(own["mean_h"]) - 1)] if isinstance(own["mean_h"], list) else own["mean_h"]
    if own["dist"] == "exponential":
        return luck.expovariate(1.0 / mean)
    variance = math.log(1.0 + own["cv"] ** 2)
    return luck.lognormvariate(math.log(mean) - variance / 2.0, math.sqrt(variance))


def visit(env, spec, pools, luck, counts, where, k):
    while where != "exit":
        with pools[where].request(priority=k) as request:
            yield request
            yield env.timeout(duration(spec["stations"][where], k, luck))
        counts["visits"] += 1
        where = follow(spec, where, k, luck)


def follow(spec, where, k, luck):
    ways = spec["routing"][where]
    if isinstance(ways, str):
        return ways.split()[-1]
    if k < len(spec["class_names"]):
        ways = ways.get(spec["class_names"][k], ways)
    u = luck.random()
    for goal, share in ways.items():
        u -= share
        if u < 0.0:
            return goal
    return "exit"


def door(env, spec, pools, luck, counts):
    rates, first = spec["ed_hourly_rates"], next(iter(spec["stations"]))
    most = max(rates)
    while True:
        yield env.timeout(luck.expovariate(most))
        if luck.random() * most < rates[int(env.now) % 24]:
            counts["arrivals"] += 1
            k = luck.choices(range(len(spec["class_probs"])), spec["class_probs"])[0]
            env.process(visit(env, spec, pools, luck, counts, first, k))


def electives(env, spec, pools, luck, counts):
    while True:
        yield env.timeout(luck.expovariate(spec["elective_rate_per_h"]))
        counts["arrivals"] += 1
        env.process(visit(env, spec, pools, luck, counts, "ward", len(spec["class_names"])))


def shifts(env, pool, roster, period):
    while True:
        begun = env.now
        for i, (hour, units) in enumerate(roster):
            end = roster[i + 1][0] if i + 1 < len(roster) else period
            yield env.timeout(begun + hour - env.now)
            for _ in range(pool.capacity - units):
                env.process(absence(env, pool, begun + end))
        yield env.timeout(begun + period - env.now)


def absence(env, pool, end):
    with pool.request(priority=-1) as request:
        yield request | env.timeout(end - env.now)
        if request.triggered and env.now < end:
            yield env.timeout(end - env.now)


if __name__ == "__main__":
    declared = json.load(sys.stdin)
    rates = []
    for _ in range(3):
        start = time.process_time()
        events = run(declared, float(sys.argv[1]))
        rates.append(events / (time.process_time() - start))
    print(json.dumps({"events_per_cpu_s": max(rates)}))
