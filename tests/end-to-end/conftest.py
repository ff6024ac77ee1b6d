"""What the scenarios share: generated stubs, the binaries, and a cluster of real processes."""

import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).parent
PROTO = HERE.parent.parent / "proto"
sys.path.insert(0, str(HERE))


def pytest_addoption(parser):
    parser.addoption("--bin-dir", required=True, help="where the binaries of Veto are")


def pytest_configure(config):
    """Generates the client from the contract, as a user of another language would."""
    import tempfile

    from grpc_tools import protoc

    out = tempfile.mkdtemp(prefix="veto-stubs-")
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.glob("veto/**/*.proto"))
    arguments = ["protoc", f"-I{PROTO}", f"--python_out={out}", f"--grpc_python_out={out}"]
    descriptors = [f"--descriptor_set_out={out}/veto.binpb", "--include_imports"]
    if protoc.main(arguments + descriptors + files) != 0:
        raise pytest.UsageError("the contract does not compile")
    sys.path.insert(0, out)
    config.veto_descriptors = pathlib.Path(out) / "veto.binpb"


@pytest.fixture(scope="session")
def descriptors(request):
    return request.config.veto_descriptors.read_bytes()


@pytest.fixture(scope="session")
def bin_dir(request):
    path = pathlib.Path(request.config.getoption("--bin-dir")).absolute()
    assert (path / "veto").exists(), f"no binaries in {path}: run `make build`"
    return path


@pytest.fixture
def cluster(bin_dir, tmp_path):
    """One control plane, two data planes, one ledger, with two organizations set up."""
    from harness.cluster import Cluster

    cluster = Cluster(bin_dir, tmp_path)
    try:
        cluster.start_all()
        yield cluster
    finally:
        cluster.stop_all()


@pytest.fixture
def replicas(bin_dir, tmp_path):
    """Three control planes that are one cluster."""
    from harness.replicas import Replicas

    replicas = Replicas(bin_dir, tmp_path)
    try:
        replicas.start_all()
        yield replicas
    finally:
        replicas.stop_all()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows the ends of the processes' logs beside a failure."""
    report = (yield).get_result()
    given = item.funcargs if hasattr(item, "funcargs") else {}
    cluster = given.get("cluster") or given.get("replicas")
    if report.when == "call" and report.failed and cluster is not None:
        report.sections.extend(cluster.log_tails())
