//! Power actions in the maintainer scripts of the agent's package.

use super::findings::Findings;
use super::judge::line_power;
use crate::facts::AGENT_PACKAGES;
use crate::hooks::Reading;
use crate::hooks::command::analyse;
use crate::hooks::hook::{Hook, Source};

pub(super) fn maintainer_script_hooks(facts: &Reading, findings: &mut Findings) {
    for (path, file) in &facts.files {
        let Some((package, script)) = maintainer_script(path) else {
            continue;
        };
        if file.truncated {
            findings.gaps.insert(format!("{path} is too long to read"));
        }
        if !facts.spend(file.text.len()) {
            return;
        }
        let analysis = analyse(&file.text);
        let hook = |what: &str, action: &str, line| Hook {
            unit: package.to_owned(),
            property: script.to_owned(),
            what: what.to_owned(),
            action: action.to_owned(),
            source: Source::File {
                path: path.clone(),
                line,
            },
        };
        for power in &analysis.powers {
            findings
                .hooks
                .push(hook(&power.command, power.action.as_str(), power.line));
        }
        if analysis.powers.is_empty()
            && let Some(action) = line_power(facts, &analysis, path, &mut findings.gaps)
        {
            findings
                .hooks
                .push(hook("a script that it calls", &action, 1));
        }
    }
}

/// Package and script name when `path` is a maintainer script of the agent's package.
pub(crate) fn maintainer_script(path: &str) -> Option<(&str, &str)> {
    if let Some(package) = path.strip_prefix("rpm -q --scripts ") {
        return Some((package, "scriptlets"));
    }
    let (package, script) = path.strip_prefix("/var/lib/dpkg/info/")?.rsplit_once('.')?;
    let package_name = package.split_once(':').map_or(package, |(name, _)| name);
    AGENT_PACKAGES
        .contains(&package_name)
        .then_some((package, script))
}
