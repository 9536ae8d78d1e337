//! A program that starts guests, reduced to its hidden argument.

fn main() {
    let mut args = std::env::args_os().skip(1);
    if args
        .next()
        .is_some_and(|first| first == hypervisor_qemu::launch::ARG)
    {
        hypervisor_qemu::launch::run(args);
    }
}
