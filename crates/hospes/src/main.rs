//! The program `hospes`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use hospes::Exit;
use hospes::cli::Cli;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments
        .next()
        .is_some_and(|first| first == hypervisor_qemu::launch::ARG)
    {
        hypervisor_qemu::launch::run(arguments);
    }
    let cli = Cli::parse();
    log_to_stderr(cli.global.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(
                &format!("the runtime could not start: {error}"),
                Exit::Failed,
            );
        }
    };
    let ended = runtime.block_on(hospes::run(cli));
    // Connections that are still being closed must not hold the program up.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => exit.into(),
        Err(error) => fail(&told(&error), hospes::exit_of_error(&error)),
    }
}

/// An error and its causes in one line, without those that it has told itself.
fn told(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |told, cause| {
        let cause = cause.to_string();
        match told.is_empty() {
            true => cause,
            false if told.contains(&cause) => told,
            false => format!("{told}: {cause}"),
        }
    })
}

fn fail(message: &str, exit: Exit) -> ExitCode {
    // Nothing is left to do when even this cannot be written.
    drop(writeln!(std::io::stderr().lock(), "hospes: {message}"));
    exit.into()
}

fn log_to_stderr(verbose: u8) {
    let filter = match verbose {
        0 => return,
        1 => "ssh=debug",
        _ => "debug,russh=info",
    };
    let filter = std::env::var("HOSPES_LOG").unwrap_or_else(|_| filter.to_owned());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
