//! Powering real machines on, and what becomes of them when we are gone.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::{EndsByPidFile, Site, until};
use conditions::{GuestId, RunState, Timestamp};
use lifecycle::gate::StartOrder;
use lifecycle::ports::{Hypervisor, HypervisorError, StartReport};

const DEADLINE: Duration = Duration::from_secs(20);

/// Set for the process that plays the controller, to the directory of its site.
const CONTROLLER: &str = "HOSPES_TEST_CONTROLLER";

fn order(observed: &conditions::Observation) -> StartOrder {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis();
    StartOrder::for_stopped(observed, Timestamp::from_millis(now.try_into().unwrap())).unwrap()
}

async fn start(site: &Site, deadline: Duration) -> Result<StartReport, HypervisorError> {
    let order = order(&site.observe().await.unwrap());
    site.hypervisor().start(order, deadline).await
}

fn with_start(more: &[&str]) -> (Site, EndsByPidFile) {
    let mut site = Site::new();
    site.guest.start = Some(site.argv(more));
    let machine = EndsByPidFile(site.path("pid"));
    (site, machine)
}

/// Fields 3 to 6 of /proc/PID/stat: state, parent, group, session.
fn stat(pid: i32) -> Option<[String; 4]> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields = stat
        .rsplit_once(") ")?
        .1
        .split(' ')
        .map(str::to_owned)
        .collect::<Vec<_>>();
    fields.get(..4)?.to_vec().try_into().ok()
}

fn is_alive(pid: i32) -> bool {
    stat(pid).is_some_and(|[state, ..]| state != "Z")
}

#[tokio::test]
async fn a_machine_runs_in_a_session_of_its_own() {
    let (site, machine) = with_start(&[]);
    let report = start(&site, DEADLINE).await.unwrap();
    let pid = machine.pid().unwrap();
    let [_, _, group, session] = stat(pid).unwrap();
    assert_eq!([group, session], [pid.to_string(), pid.to_string()]);
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
    assert!(name.starts_with("qemu-system"), "{name}");
    let inputs = fs::read_link(format!("/proc/{pid}/fd/0")).unwrap();
    assert_eq!(inputs, Path::new("/dev/null"));
    assert!(
        report
            .evidence
            .starts_with(&format!("process {pid} in its own session")),
        "{report:?}"
    );
    assert!(
        report.evidence.contains("query-status: running"),
        "{report:?}"
    );
    assert_eq!(site.observe().await.unwrap().run_state, RunState::Running);
}

#[tokio::test]
async fn a_machine_that_ends_while_we_live_leaves_no_zombie() {
    let (site, machine) = with_start(&[]);
    start(&site, DEADLINE).await.unwrap();
    let pid = machine.pid().unwrap();
    drop(machine);
    let reaped = async {
        while stat(pid).is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), reaped)
        .await
        .unwrap();
    assert_eq!(site.observe().await.unwrap().run_state, RunState::Stopped);
}

/// Not a test by itself: the controller that the next one kills.
#[tokio::test]
async fn controller_process() {
    let Some(dir) = std::env::var_os(CONTROLLER) else {
        return;
    };
    let mut site = Site::new();
    site.guest.qmp = Path::new(&dir).join("qmp");
    let argv = fs::read(Path::new(&dir).join("argv")).unwrap();
    site.guest.start = Some(serde_json::from_slice(&argv).unwrap());
    start(&site, DEADLINE).await.unwrap();
    fs::write(Path::new(&dir).join("started"), "").unwrap();
    std::future::pending().await
}

#[tokio::test]
async fn a_machine_survives_the_death_of_the_controller_and_of_its_process_group() {
    let (site, machine) = with_start(&[]);
    fs::write(
        site.path("argv"),
        serde_json::to_vec(&site.guest.start).unwrap(),
    )
    .unwrap();
    let mut controller = Command::new(std::env::current_exe().unwrap());
    controller
        .args(["--exact", "start::controller_process"])
        .env(CONTROLLER, site.dir.path());
    std::os::unix::process::CommandExt::process_group(&mut controller, 0);
    let mut controller = controller.stdout(Stdio::null()).spawn().unwrap();
    until("the controller has started the machine", || {
        site.path("started").exists().then_some(()).or_else(|| {
            assert_eq!(controller.try_wait().unwrap(), None, "the controller ended");
            None
        })
    });
    let pid = machine.pid().unwrap();
    let group = rustix::process::Pid::from_raw(controller.id().cast_signed()).unwrap();
    // What a terminal does on Ctrl-C and when it closes, then what nobody can catch.
    for signal in [
        rustix::process::Signal::INT,
        rustix::process::Signal::HUP,
        rustix::process::Signal::KILL,
    ] {
        let _ = rustix::process::kill_process_group(group, signal);
    }
    controller.wait().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(is_alive(pid));
    assert_eq!(site.observe().await.unwrap().run_state, RunState::Running);
}

#[tokio::test]
async fn a_command_that_fails_is_told_with_its_last_words_of_this_start() {
    let (mut site, _machine) = with_start(&["-drive", "file=/nowhere/disk.img"]);
    let Err(HypervisorError::Refused(text)) = start(&site, DEADLINE).await else {
        panic!("not refused")
    };
    assert!(text.contains("/nowhere/disk.img"), "{text}");
    assert!(text.contains("exit status: 1"), "{text}");
    assert!(
        text.contains(site.path("logs/vm.log").to_str().unwrap()),
        "{text}"
    );

    let words = "echo first; echo '\x1b[31mlast' >&2; exit 3";
    site.guest.start = Some(["sh", "-c", words].map(str::to_owned).to_vec());
    let text = start(&site, DEADLINE).await.unwrap_err().to_string();
    assert!(
        text.contains("exit status: 3") && text.ends_with("  first\n  [31mlast"),
        "{text}"
    );
    assert!(
        !text.contains("/nowhere/disk.img"),
        "words of an earlier start: {text}"
    );
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_told_by_name() {
    let mut site = Site::new();
    site.guest.start = Some(vec!["/nowhere/qemu".to_owned()]);
    let text = start(&site, DEADLINE).await.unwrap_err().to_string();
    assert!(
        text.contains("cannot run /nowhere/qemu: No such file"),
        "{text}"
    );
}

#[tokio::test]
async fn a_command_that_leaves_the_machine_in_the_background_is_fine() {
    let (site, machine) = with_start(&["-daemonize"]);
    start(&site, DEADLINE).await.unwrap();
    assert!(is_alive(machine.pid().unwrap()));
}

#[tokio::test]
async fn a_machine_that_does_not_get_to_run_in_time_is_left_alone() {
    let (site, machine) = with_start(&["-S"]);
    let error = start(&site, Duration::from_secs(3)).await.unwrap_err();
    let HypervisorError::TimedOut(text) = error else {
        panic!("{error:?}")
    };
    assert!(text.contains("query-status: prelaunch"), "{text}");
    assert!(text.contains("was left alone"), "{text}");
    assert!(is_alive(machine.pid().unwrap()));
}

#[tokio::test]
async fn a_start_is_refused_where_the_machine_runs_by_now_or_the_order_is_for_elsewhere() {
    let mut site = Site::new();
    site.guest.start = Some(vec!["false".to_owned()]);
    let mut seen = site.observe().await.unwrap();
    let late = order(&seen);
    let _machine = site.boot(&[]);
    let text = site
        .hypervisor()
        .start(late, DEADLINE)
        .await
        .unwrap_err()
        .to_string();
    assert!(text.contains("query-status: running"), "{text}");

    seen.node = conditions::NodeName::new("elsewhere");
    let text = site
        .hypervisor()
        .start(order(&seen), DEADLINE)
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(text, "vm was seen on elsewhere, but this is here");
    let stranger: GuestId = "stranger".parse().unwrap();
    seen.guest = stranger.clone();
    seen.node = conditions::NodeName::new("here");
    let error = site
        .hypervisor()
        .start(order(&seen), DEADLINE)
        .await
        .unwrap_err();
    assert_eq!(error, HypervisorError::UnknownGuest(stranger));
}

#[tokio::test]
async fn without_a_command_or_a_log_nothing_is_started() {
    let mut site = Site::new();
    for start_command in [None, Some(vec![])] {
        site.guest.start = start_command;
        let error = start(&site, DEADLINE).await.unwrap_err();
        assert!(
            matches!(error, HypervisorError::NotConfigured(_)),
            "{error:?}"
        );
    }
    let marker = site.path("ran");
    site.guest.start = Some(vec![
        "touch".to_owned(),
        marker.to_str().unwrap().to_owned(),
    ]);
    fs::write(site.path("logs"), "not a directory").unwrap();
    let text = start(&site, DEADLINE).await.unwrap_err().to_string();
    assert!(text.contains("its log"), "{text}");
    assert!(!marker.exists());
}
