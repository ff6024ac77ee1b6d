//! The binary `veto-ledger`.

fn main() -> std::process::ExitCode {
    veto_process::main::<veto_ledger::Running>()
}
