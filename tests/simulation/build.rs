//! Links the chance of a simulated process into it.

fn main() {
    println!("cargo::rerun-if-changed=src/chance.c");
    let objects = cc::Build::new()
        .file("src/chance.c")
        .compile_intermediates();
    // As objects, not as a library: the standard library refers to it weakly, which pulls in nothing.
    for object in objects {
        println!("cargo::rustc-link-arg-bins={}", object.display());
    }
}
