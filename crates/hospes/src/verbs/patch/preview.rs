//! `patch plan GUEST...`: what each guest's apt would do, asked through SSH; nothing is changed, and
//! no list is refreshed.

use std::time::Duration;

use anyhow::Result;
use conditions::GuestId;
use lifecycle::ports::{GuestShell, Output, Privilege};
use patch::preflight::{self, Obstacle};
use patch::preview::{self, Upgrade};
use patch::reboot::RebootReason;
use patch::{OUTPUT_LIMIT, Preflight, Preview, RebootPolicy, Scope, Script, Settings};
use serde::Serialize;
use serde_json::json;

use super::super::walk::{Verdict, walk};
use crate::Exit;
use crate::cli::{self, PatchPolicy, Reboots};
use crate::edge::{World, no_ssh};
use crate::fleet::{Fleet, Member};
use crate::rounds::Pace;
use crate::show::{self, withheld_lines};

/// Guests at a time, and of one node: as for every verb that changes nothing.
const PACE: Pace = Pace {
    at_once: 64,
    per_node: 8,
    max_failures: None,
};

/// Older lists are told.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);

/// How old apt's lists are, in seconds: the newest trace of an `apt-get update`.
const AGE: &str = "\
n=0
for f in /var/lib/apt/periodic/update-success-stamp /var/lib/apt/periodic/update-stamp \
/var/lib/apt/lists /var/lib/apt/lists/partial /var/cache/apt/pkgcache.bin; do
  t=$(stat -c %Y \"$f\" 2>/dev/null) && [ \"$t\" -gt \"$n\" ] && n=$t
done
echo $(($(date +%s) - n))
";

/// What one guest's upgrade would do.
#[derive(Debug, Serialize)]
struct Forecast {
    guest: GuestId,
    /// Why nothing could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<String>,
    /// What is in the way.
    obstacles: Vec<Told>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<Preview>,
    reboot: Need,
    /// How old apt's lists are, in seconds, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    lists_age: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Preflight>,
}

/// An obstacle, and what to do about it.
#[derive(Debug, Serialize)]
struct Told {
    #[serde(flatten)]
    obstacle: Obstacle,
    words: String,
    remedy: String,
}

/// Whether a reboot will be asked for.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case", tag = "reboot")]
enum Need {
    /// Something asks for it already, or a kernel comes new.
    Asked { why: Vec<String> },
    /// Nothing changes.
    NotAsked,
    /// Packages say so when they are upgraded.
    #[default]
    Unknown,
}

pub(super) async fn run(fleet: &Fleet, options: &cli::PlanPatches) -> Result<Exit> {
    let members = fleet.select(&options.selectors).await?;
    let progress = fleet.progress();
    let settings = settings(&options.policy)?;
    let each = |place: usize| one(fleet, &members[place], &settings);
    let verdict = |forecast: &Forecast| match forecast.exit() {
        Exit::Ok => Verdict::Succeeded,
        _ => Verdict::Failed,
    };
    let walked = walk(&members, PACE, &progress, each, verdict).await;
    drop(progress);
    let forecasts = walked.done;
    if fleet.json() {
        fleet.document("patch-plan", json!({ "guests": forecasts }))?;
    } else {
        tell(&forecasts)?;
    }
    let exits = forecasts.iter().map(Forecast::exit);
    Ok(exits.fold(Exit::Ok, Exit::worst))
}

/// What the policy says of the obstacles, and of how far apt may go.
fn settings(policy: &PatchPolicy) -> Result<Settings> {
    Ok(Settings {
        scope: match policy.no_new_packages {
            true => Scope::Upgrade,
            false => Scope::DistUpgrade,
        },
        allow_removals: policy.allow_removals,
        allow_mending: policy.allow_mending,
        reboot: match policy.reboot {
            Reboots::Never => RebootPolicy::Never,
            Reboots::IfRequired => RebootPolicy::IfRequired,
            Reboots::Always => RebootPolicy::Always,
        },
        ..Settings::new("preview".parse()?)
    })
}

async fn one(fleet: &Fleet, member: &Member, settings: &Settings) -> Forecast {
    let world = fleet.world(member);
    let read = read(&world, settings).await;
    world.disconnect().await;
    read.unwrap_or_else(|why| Forecast {
        guest: member.id().clone(),
        unreadable: Some(why),
        obstacles: Vec::new(),
        preview: None,
        reboot: Need::Unknown,
        lists_age: None,
        before: None,
    })
}

async fn read(world: &World, settings: &Settings) -> Result<Forecast, String> {
    let look = preflight::script(settings.limits.look);
    let facts = shell(world, &look).await?;
    let facts = Preflight::parse(&facts).map_err(|error| error.to_string())?;
    let mut obstacles = facts.obstacles(settings);
    obstacles.retain(|one| !(settings.allow_mending && one.is_mendable()));
    let preview = match facts.apt {
        Some(_) => Some(previewed(world, settings).await?),
        None => None,
    };
    let more = preview.as_ref();
    obstacles.extend(more.map_or_else(Vec::new, |seen| facts.obstacles_to(seen, settings)));
    Ok(Forecast {
        guest: world.guest.clone(),
        unreadable: None,
        obstacles: obstacles.into_iter().map(Told::of).collect(),
        reboot: Need::of(&facts, preview.as_ref()),
        preview,
        lists_age: age(world).await,
        before: Some(facts),
    })
}

async fn previewed(world: &World, settings: &Settings) -> Result<Preview, String> {
    let script = preview::script(settings.scope, settings.limits.look);
    let printed = shell(world, &script).await?;
    Preview::parse(&printed, settings.scope).map_err(|error| error.to_string())
}

async fn age(world: &World) -> Option<u64> {
    let ssh = world.ssh.as_ref()?;
    let asked = ssh.run(AGE, Privilege::Login, 64, world.calls.script).await;
    let text = asked.ok()?.stdout;
    String::from_utf8_lossy(&text).trim().parse().ok()
}

/// What a script printed: as root, else as whoever may log in, which the preflight tells.
async fn shell(world: &World, script: &Script) -> Result<Vec<u8>, String> {
    let Some(ssh) = &world.ssh else {
        return Err(no_ssh(&world.guest));
    };
    let run = async |privilege| {
        let text = &script.text;
        ssh.run(text, privilege, OUTPUT_LIMIT, script.deadline)
            .await
    };
    let printed = match run(Privilege::Root).await {
        Err(lifecycle::ports::ShellError::SudoDenied(_)) => run(Privilege::Login).await,
        printed => printed,
    };
    match printed {
        Ok(Output {
            truncated: true, ..
        }) => Err("it printed more than is read".to_owned()),
        Ok(output) => Ok(output.stdout),
        Err(error) => Err(error.to_string()),
    }
}

impl Told {
    fn of(obstacle: Obstacle) -> Self {
        Self {
            words: obstacle.to_string(),
            remedy: obstacle.remedy(),
            obstacle,
        }
    }
}

impl Need {
    fn of(facts: &Preflight, preview: Option<&Preview>) -> Self {
        let reasons = facts.reboot.reasons();
        let mut why: Vec<_> = reasons.iter().map(RebootReason::to_string).collect();
        let kernels = preview.into_iter().flat_map(|seen| &seen.installs);
        let kernels = kernels.filter(|install| install.is_kernel());
        why.extend(kernels.map(|kernel| format!("{} comes new", kernel.package)));
        match preview {
            _ if !why.is_empty() => Self::Asked { why },
            Some(preview) if preview.is_empty() => Self::NotAsked,
            _ => Self::Unknown,
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Asked { .. } => "yes",
            Self::NotAsked => "no",
            Self::Unknown => "?",
        }
    }
}

impl Forecast {
    const fn exit(&self) -> Exit {
        match (&self.unreadable, self.obstacles.is_empty()) {
            (Some(_), _) => Exit::NotReady,
            (None, false) => Exit::Refused,
            (None, true) => Exit::Ok,
        }
    }

    fn cells(&self) -> [String; 7] {
        let seen = self.preview.as_ref();
        // What was not read is not zero.
        let told = |words: &dyn Fn(&Preview) -> String| seen.map_or_else(|| "?".to_owned(), words);
        let remark = match (&self.unreadable, self.obstacles.first()) {
            (Some(why), _) => format!("cannot be read: {why}"),
            (None, Some(_)) => "in the way, see below".to_owned(),
            (None, None) => String::new(),
        };
        [
            self.guest.to_string(),
            told(&|all| format!("{} ({})", all.upgrades.len(), all.security().count())),
            told(&|all| all.installs.len().to_string()),
            told(&|all| all.removals.len().to_string()),
            told(&|all| all.withheld.len().to_string()),
            self.reboot.word().to_owned(),
            remark,
        ]
    }

    /// What the table has no room for.
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for told in &self.obstacles {
            lines.push(format!("  in the way: {}", told.words));
            lines.push(format!("      -> {}", told.remedy));
        }
        if let Some(preview) = &self.preview {
            lines.extend(preview.upgrades.iter().map(upgrade));
            let installs = preview.installs.iter();
            lines.extend(installs.map(|one| format!("  install {} {}", one.package, one.version)));
            let removals = preview.removals.iter();
            lines.extend(removals.map(|one| format!("  remove {} {}", one.package, one.version)));
            lines.extend(withheld_lines(&preview.withheld));
            lines.extend(preview.gaps.iter().map(|gap| format!("  not read: {gap}")));
        }
        if let Need::Asked { why } = &self.reboot {
            lines.push(format!("  a reboot is asked for: {}", why.join("; ")));
        }
        if let Some(age) = self.lists_age.filter(|age| *age > OLD.as_secs()) {
            lines.push(format!(
                "  its package lists are {} old; patching refreshes them first, and may find more",
                show::words::span(Duration::from_secs(age))
            ));
        }
        lines
    }
}

fn upgrade(one: &Upgrade) -> String {
    let security = if one.is_security() { " (security)" } else { "" };
    format!(
        "  upgrade {} {} -> {}{security}",
        one.package, one.from, one.to
    )
}

fn tell(forecasts: &[Forecast]) -> Result<()> {
    let header = [
        "GUEST",
        "UPGRADES (SECURITY)",
        "NEW",
        "REMOVED",
        "STAY",
        "REBOOT",
        "",
    ];
    show::line(&show::table(header, forecasts.iter().map(Forecast::cells)))?;
    for forecast in forecasts {
        let lines = forecast.lines();
        if !lines.is_empty() {
            show::line(&format!("{}:", forecast.guest))?;
        }
        lines.iter().try_for_each(|line| show::line(line))?;
    }
    Ok(())
}
