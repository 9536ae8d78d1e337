use std::time::Duration;

use super::*;

const STATE: &str = "instance/shutdown-details/stop-state";

fn etag(service: &Service, path: &str) -> String {
    read(service, "web", path).etag.unwrap()
}

#[test]
fn an_etag_of_now_hangs_and_any_other_is_answered_at_once() {
    let mut service = service();
    set(&mut service, &guest("web"), STATE, "PENDING_STOP");
    let present = etag(&service, STATE);
    assert_eq!(present, "000000ab00000001");
    hang(
        &service,
        "web",
        &format!("{STATE}?wait_for_change=true&last_etag={present}"),
    );
    hang(&service, "web", &format!("{STATE}?wait_for_change=true"));
    for other in [
        "NONE",
        "0",
        "",
        "000000ab00000000",
        "000000ac00000001",
        "%20",
    ] {
        let reply = read(
            &service,
            "web",
            &format!("{STATE}?wait_for_change=true&last_etag={other}"),
        );
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (200, "PENDING_STOP"),
            "{other}"
        );
        assert_eq!(reply.etag.as_deref(), Some(present.as_str()));
    }
    let plain = read(
        &service,
        "web",
        &format!("{STATE}?last_etag={present}&timeout_sec=1"),
    );
    assert_eq!(plain.status, 200, "only wait_for_change hangs");
}

#[test]
fn a_change_at_or_below_the_key_wakes_and_none_elsewhere_does() {
    let mut service = service();
    let web = guest("web");
    let waiting = |service: &Service, path: &str| hang(service, "web", path);
    let state = waiting(&service, &format!("{STATE}?wait_for_change=true"));
    let details = waiting(
        &service,
        "instance/shutdown-details/?wait_for_change=true&recursive=true",
    );
    let whole = waiting(&service, "/?wait_for_change=true&recursive=true&alt=json");
    let project = waiting(&service, "project/?wait_for_change=true&recursive=true");
    let woken = |service: &Service| {
        [&state, &details, &whole, &project].map(|hang| hang.recheck(service).is_some())
    };
    assert_eq!(woken(&service), [false; 4]);
    set(&mut service, &guest("db"), STATE, "PENDING_STOP");
    assert_eq!(woken(&service), [false; 4], "another guest's");
    set(&mut service, &web, "instance/attributes/a", "1");
    assert_eq!(woken(&service), [false, false, true, false]);
    set(
        &mut service,
        &web,
        "instance/shutdown-details/max-duration",
        "600",
    );
    assert_eq!(woken(&service), [false, true, true, false]);
    set(&mut service, &Scope::Project, "project/attributes/a", "1");
    assert_eq!(woken(&service), [false, true, true, true]);
    set(&mut service, &web, STATE, "PENDING_STOP");
    let reply = state.recheck(&service).unwrap();
    assert_eq!((reply.status, reply.body.as_str()), (200, "PENDING_STOP"));
    assert_eq!(reply.etag, Some(etag(&service, STATE)));
}

#[test]
fn a_value_that_went_and_came_back_between_two_polls_is_news() {
    let mut service = service();
    let web = guest("web");
    let seen = etag(&service, STATE);
    set(&mut service, &web, STATE, "PENDING_STOP");
    unset(&mut service, &web, STATE);
    let reply = read(
        &service,
        "web",
        &format!("{STATE}?wait_for_change=true&last_etag={seen}"),
    );
    assert_eq!(reply.body, "NONE");
    let seen = reply.etag.unwrap();
    hang(
        &service,
        "web",
        &format!("{STATE}?wait_for_change=true&last_etag={seen}"),
    );
}

#[test]
fn the_same_value_set_again_wakes() {
    let mut service = service();
    set(&mut service, &guest("web"), STATE, "PENDING_STOP");
    let waiting = hang(&service, "web", &format!("{STATE}?wait_for_change=true"));
    set(&mut service, &guest("web"), STATE, "PENDING_STOP");
    assert_eq!(waiting.recheck(&service).unwrap().body, "PENDING_STOP");
}

#[test]
fn a_missing_key_never_hangs_and_one_that_goes_is_answered() {
    let mut service = service();
    let path = "instance/attributes/a?wait_for_change=true";
    assert_eq!(read(&service, "web", path).status, 404);
    set(&mut service, &guest("web"), "instance/attributes/a", "1");
    let waiting = hang(&service, "web", path);
    unset(&mut service, &guest("web"), "instance/attributes/a");
    assert_eq!(waiting.recheck(&service).unwrap().status, 404);
    assert_eq!(waiting.timed_out(&service).status, 404);
}

#[test]
fn after_the_time_the_present_value_is_the_answer() {
    let service = service_with(Limits {
        longest_wait: Duration::from_secs(90),
        ..Limits::default()
    });
    for (asked, granted) in [
        ("", None),
        ("&timeout_sec=0", Some(0)),
        ("&timeout_sec=60", Some(60)),
        ("&timeout_sec=18446744073709551615", Some(90)),
    ] {
        let waiting = hang(
            &service,
            "web",
            &format!("{STATE}?wait_for_change=true{asked}"),
        );
        assert_eq!(
            waiting.timeout(),
            granted.map(Duration::from_secs),
            "{asked}"
        );
        assert_eq!(waiting.key(), &Key::stop_state());
        let reply = waiting.timed_out(&service);
        assert_eq!((reply.status, reply.body.as_str()), (200, "NONE"));
        assert_eq!(reply.etag, Some(etag(&service, STATE)));
    }
}

#[test]
fn a_hanging_listing_without_its_slash_is_moved_first() {
    let service = service();
    let reply = read(
        &service,
        "web",
        "instance/attributes?wait_for_change=true&timeout_sec=5",
    );
    let location = "/computeMetadata/v1/instance/attributes/?wait_for_change=true&timeout_sec=5";
    assert_eq!(reply.location.as_deref(), Some(location));
    hang(
        &service,
        "web",
        location.strip_prefix("/computeMetadata/v1/").unwrap(),
    );
}
