"""`python -m faults --lane NAME`: runs a lane, or `slice`: a little of each."""

import argparse
import os
import pathlib
import shutil
import sys
import tempfile
import threading

from faults import sandbox

NO_SANDBOX = 3
SLICE = {"kill": 3, "partition": 2, "pause": 2, "loss": 2, "disk-full": 1, "flip": 2, "membership": 2}


def main():
    parser = argparse.ArgumentParser(prog="faults")
    parser.add_argument("--lane", required=True)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bin-dir", type=pathlib.Path, required=True)
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--may-skip", action="store_true", help="no namespaces for this user: say so and succeed")
    parser.add_argument(sandbox.INSIDE, action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return inside(options)
    from harness.contract import generate
    generate()
    from faults.lanes import LANES
    if options.lane == "list":
        for name, lane in LANES.items():
            print(f"{name:12}  {lane.__doc__.splitlines()[0]}")
        return 0
    lanes = SLICE if options.lane == "slice" else {options.lane: options.count}
    if not set(lanes) <= set(LANES):
        print(f"faults: no lane `{options.lane}`; LANE=list lists them", file=sys.stderr)
        return 2
    try:
        codes = [sandbox.enter(["--lane", lane, "--count", str(count), "--seed", str(options.seed), "--bin-dir",
                                str(options.bin_dir.absolute()), "--results", str(options.results.absolute())])
                 for lane, count in lanes.items()]
    except sandbox.NoSandbox as error:
        print(f"faults: this machine gives no network namespaces to this user ({error}): run as root, or allow "
              "unprivileged user namespaces" + ("; SKIPPED, no fault was tried" if options.may_skip else ""), file=sys.stderr)
        return 0 if options.may_skip and os.geteuid() != 0 else NO_SANDBOX
    return max(codes)


def inside(options):
    """In the sandbox: everything that is made here ends with this process."""
    from harness.contract import generate
    stubs = generate().parent
    from faults.lanes import LANES
    from faults.run import Run
    lane = LANES[options.lane]
    directory = pathlib.Path(tempfile.mkdtemp(prefix="veto-faults-"))
    bound = threading.Timer(180 + 120 * options.count, late)
    bound.daemon = True
    bound.start()
    options.results.mkdir(parents=True, exist_ok=True)
    network = sandbox.Network(list(range(1, lane.PLACES + 1)))
    run = Run(lane, options.bin_dir, directory, options.results, network, options.count, options.seed)
    print(f"==> faults: {lane.NAME}, {options.count} times, seed {options.seed}", flush=True)
    report = run.execute()
    if report["problems"]:
        for member in [*run.cluster.members.values(), *run.cluster.gone]:
            print(f"--- {member.process.name}\n{member.process.log_tail(15)}")
    run.cluster.close()
    table(report)
    shutil.rmtree(stubs, ignore_errors=True)
    if report["problems"]:
        print(f"    FAILED; data and logs are kept in {directory}; again with LANE={lane.NAME} "
              f"COUNT={options.count} SEED={options.seed}")
        for problem in report["problems"]:
            print(f"    - {problem}")
        return 1
    unmount(directory)
    shutil.rmtree(directory, ignore_errors=True)
    return 0


def unmount(directory):
    mounts = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    for mount in mounts:
        if mount.startswith(f"{directory}/"):
            sandbox.run("umount", mount, check=False)


def late():
    print("faults: the run takes too long; ending it", file=sys.stderr, flush=True)
    os._exit(1)


def table(report):
    operations, recovery, back = report["operations"], report["recovery_seconds"] or {}, report["return_seconds"] or {}
    head = f"{'lane':12} {'faults':>7} {'ok':>8} {'refused':>8} {'unknown':>8} {'elections':>10} {'recovery':>9} {'return':>7}"
    print(f"    {head}\n    {report['lane']:12} {report['count']:>7} {operations['ok']:>8} {operations['fail']:>8} "
          f"{operations['info']:>8} {report['elections']:>10} {recovery.get('slowest', 0):>7.2f} s "
          f"{back.get('slowest', 0):>5.2f} s")
    for fact, count in sorted(report["facts"].items()):
        print(f"      {fact}: {count}")


if __name__ == "__main__":
    sys.exit(main())
