"""The client, made from the contract as a user of another language would."""

import pathlib
import sys
import tempfile

PROTO = pathlib.Path(__file__).parents[3] / "proto"


def generate():
    """Makes the modules, puts them on the path, and returns the file of descriptors."""
    from grpc_tools import protoc

    out = tempfile.mkdtemp(prefix="veto-stubs-")
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.glob("veto/**/*.proto"))
    arguments = ["protoc", f"-I{PROTO}", f"--python_out={out}", f"--grpc_python_out={out}"]
    descriptors = [f"--descriptor_set_out={out}/veto.binpb", "--include_imports"]
    if protoc.main(arguments + descriptors + files) != 0:
        raise ValueError("the contract does not compile")
    sys.path.insert(0, out)
    return pathlib.Path(out) / "veto.binpb"
