//! All scenarios.

mod healthy;
mod lab_itself;
mod scratch;

use crate::scenario::Scenario;

/// Every scenario, in the order of the report.
pub const ALL: &[Scenario] = &[
    Scenario::new("scratch", "scratch", |context| Box::pin(scratch::run(context))),
    Scenario::new(
        "healthy_check",
        "a fresh Debian guest has all six conditions, each with evidence",
        |context| Box::pin(healthy::check(context)),
    ),
    Scenario::new(
        "healthy_restart",
        "a healthy guest is restarted through its agent and comes back with a new boot id",
        |context| Box::pin(healthy::restart(context)),
    ),
    Scenario::new(
        "lab_guest_answers",
        "a guest of the snapshot runs a command through SSH, its agent answers, its clock is right",
        |context| Box::pin(lab_itself::guest_answers(context)),
    ),
    Scenario::new(
        "lab_apt_installs",
        "a guest purges its agent and installs it again from the lab's repository",
        |context| Box::pin(lab_itself::apt_installs(context)),
    ),
    Scenario::new(
        "lab_fresh_guest_differs",
        "a guest booted cold has another boot id and host name than those of the snapshot",
        |context| Box::pin(lab_itself::fresh_guest_differs(context)),
    )
    .full_only(),
    Scenario::new(
        "lab_users",
        "operator may use sudo without a password, plain may not; without the port there is no agent",
        |context| Box::pin(lab_itself::users(context)),
    )
    .full_only(),
];
