#![allow(unsafe_code, reason = "permissions have no safe interface")]

use std::io::Write;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertSecurityDescriptorToStringSecurityDescriptorW, GetNamedSecurityInfoW, SDDL_REVISION_1,
    SE_FILE_OBJECT,
};
use windows_sys::Win32::Security::DACL_SECURITY_INFORMATION;

use super::*;
use crate::windows::outcome::{code, succeeded};
use crate::windows::wide::{narrow, wide};

#[test]
fn what_is_created_is_of_its_use() {
    let place = tempfile::tempdir().unwrap();
    let private = place.path().join("private");
    create_private_folder(&private).unwrap();
    let again = create_private_folder(&private).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    let program = private.join("script.CMD");
    create_program(&program).unwrap().write_all(b"x").unwrap();
    assert!(is_program(&program).unwrap());
    assert!(create_program(&program).is_err());
    let folders = place.path().join("a/b");
    create_folders(&folders).unwrap();
    create_folders(&folders).unwrap();
    let file = folders.join("file");
    create_file(&file).unwrap().write_all(b"long").unwrap();
    create_file(&file).unwrap().write_all(b"new").unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"new");
    assert!(!is_program(&file).unwrap());
    assert!(!is_program(&folders).unwrap());
    assert!(is_program(&folders.join("missing")).is_err());
    assert!(create_folders(&file).is_err(), "a file is in its place");
}

/// Who may do what, in the words of Windows.
fn permissions(path: &Path) -> String {
    let (path, mut descriptor) = (wide(path), null_mut());
    // SAFETY: the path ends with a zero; the descriptor's address is written to.
    code(unsafe {
        GetNamedSecurityInfoW(
            path.as_ptr(),
            SE_FILE_OBJECT,
            DACL_SECURITY_INFORMATION,
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut descriptor,
        )
    })
    .unwrap();
    let (mut text, mut length) = (null_mut(), 0);
    // SAFETY: the descriptor is one; the text's address and length are written to.
    succeeded(unsafe {
        ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor,
            SDDL_REVISION_1,
            DACL_SECURITY_INFORMATION,
            &raw mut text,
            &raw mut length,
        )
    })
    .unwrap();
    // SAFETY: the text has that length, and lives until it is freed.
    let units = unsafe { std::slice::from_raw_parts(text, length as usize) };
    let words = narrow(units).into_string().unwrap();
    // SAFETY: Windows allocated it for us, and nobody uses it any more.
    unsafe { LocalFree(text.cast()) };
    // SAFETY: as the text.
    unsafe { LocalFree(descriptor) };
    words
}

/// What a folder permits everybody is lost in Wine, which keeps what Unix can keep.
#[test]
fn what_is_private_is_for_the_system_and_us_whatever_the_place_hands_down() {
    let place = tempfile::tempdir().unwrap();
    let (private, readable) = (place.path().join("private"), place.path().join("readable"));
    create_private_folder(&private).unwrap();
    create_folders(&readable).unwrap();
    assert!(permissions(&readable).contains(";SY)"));
    let words = permissions(&private);
    assert!(words.contains(";SY)"), "{words}");
    for everybody in [";BU)", ";WD)", ";AU)"] {
        assert!(!words.contains(everybody), "{words}");
    }
}
