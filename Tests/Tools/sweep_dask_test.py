"""A sweep on a real cluster of local processes, one of which is killed in the midst of its work.

usage: sweep_dask_test.py SWEEP-DASK PULPEMU EXPERIMENT.yaml OUTPUT.jsonl

Prints as JSON how many workers there were and whether the killed one is among those at the end.
"""

import json
import os
import signal
import subprocess
import sys

from dask.distributed import Client, LocalCluster

script, pulpemu, experiment, output = sys.argv[1:]


def main():
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            before = client.run(os.getpid)
            front = subprocess.Popen(
                [sys.executable, script, experiment, "-o", output, "--pulpemu", pulpemu, "--quiet", "--scheduler",
                 cluster.scheduler_address])
            # As soon as a worker has something to do, it is killed.
            victim = None
            while victim is None and front.poll() is None:
                for address, tasks in client.processing().items():
                    if tasks and address in before:
                        victim = before[address]
                        os.kill(victim, signal.SIGKILL)
                        break
            status = front.wait()
            client.wait_for_workers(2)
            after = client.run(os.getpid)
            print(json.dumps({"status": status, "workers": len(before), "killed": victim,
                              "lives": victim in after.values()}))


if __name__ == "__main__":
    main()
