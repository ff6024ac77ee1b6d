"""What the scenarios share: generated stubs, the binaries, and a cluster of real processes."""

import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))


def pytest_addoption(parser):
    parser.addoption("--bin-dir", required=True, help="where the binaries of Veto are")
    parser.addoption("--tools-dir", required=True, help="where programs of others are")


def pytest_configure(config):
    """Generates the client from the contract, as a user of another language would."""
    from harness.contract import generate

    try:
        config.veto_descriptors = generate()
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture(scope="session")
def descriptors(request):
    return request.config.veto_descriptors.read_bytes()


@pytest.fixture(scope="session")
def bin_dir(request):
    path = pathlib.Path(request.config.getoption("--bin-dir")).absolute()
    assert (path / "veto").exists(), f"no binaries in {path}: run `make build`"
    return path


@pytest.fixture(scope="session")
def prometheus_binary(request):
    path = pathlib.Path(request.config.getoption("--tools-dir")).absolute() / "usr/bin/prometheus"
    assert path.exists(), f"no {path}: run `make deps`"
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
