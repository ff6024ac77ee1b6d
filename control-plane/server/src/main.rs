//! The binary `veto-control-plane`.

fn main() -> std::process::ExitCode {
    veto_process::main::<veto_server::Running>()
}
