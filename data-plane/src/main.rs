//! The binary `veto-data-plane`.

fn main() -> std::process::ExitCode {
    veto_process::main::<veto_data_plane::Running>()
}
