"""Exact answers about queues: seconds of thought instead of a simulation, and the yardstick for one.

from gemel.domains.hospital.queues import delay, occupancy, poisson_binomial
delay(8.0, 1.0, 10).wait                      # mean wait [h] of M/M/10
occupancy(chances_to_stay, newcomers).exceeds(60)
"""

from .birth_death import Abandonment, Limited, Reserved, abandonment, limited, reserved
from .cases import TYPES, answer, answer_all
from .delay import Delay, SingleServer, delay, erlang_b, single_server, wait_quantile
from .network import Network, network
from .occupancy import Occupancy, newcomers, occupancy, poisson_binomial
from .priority import preemptive_stays, priority_waits, priority_waits_many
from .shifts import Roster, Shifted, shifted
from .stay import Stay, still_there, truncated_mean
from .transient import Ahead, transient

__all__ = [
    "TYPES",
    "Abandonment",
    "Ahead",
    "Delay",
    "Limited",
    "Network",
    "Occupancy",
    "Reserved",
    "Roster",
    "Shifted",
    "SingleServer",
    "Stay",
    "abandonment",
    "answer",
    "answer_all",
    "delay",
    "erlang_b",
    "limited",
    "network",
    "newcomers",
    "occupancy",
    "poisson_binomial",
    "preemptive_stays",
    "priority_waits",
    "priority_waits_many",
    "reserved",
    "shifted",
    "single_server",
    "still_there",
    "transient",
    "truncated_mean",
    "wait_quantile",
]
