//! Scratch.
use anyhow::Result;
use crate::scenario::Context;
use crate::vm::VmSpec;

pub(super) async fn run(context: Context) -> Result<()> {
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    let script = std::fs::read_to_string("/tmp/scratch.sh")?;
    for part in script.split("\n---\n") {
        if let Some(args) = part.strip_prefix("hospes ") {
            let words: Vec<&str> = args.split_whitespace().collect();
            let run = context.hospes(&words).await?;
            eprintln!("$ hospes {args}\n{}{}=> {:?} in {:?}", run.stdout, run.stderr, run.exit, run.took);
        } else {
            eprintln!("$ {part}\n{:?}", vm.ssh(part).await.map(|o| { eprintln!("{}{}", o.stdout, o.stderr); o.code }));
        }
    }
    Ok(())
}
