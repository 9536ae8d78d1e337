#![allow(unsafe_code, reason = "permissions have no safe interface")]

use std::io::Write;
use std::ptr::null_mut;

use windows_sys::Win32::Security::Authorization::{
    ConvertSecurityDescriptorToStringSecurityDescriptorW, GetNamedSecurityInfoW, SDDL_REVISION_1,
    SE_FILE_OBJECT,
};
use windows_sys::Win32::Security::DACL_SECURITY_INFORMATION;

use super::*;
use crate::windows::allocated::Allocated;
use crate::windows::outcome::{code, succeeded};
use crate::windows::wide::{text_at, wide};

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
    // SAFETY: the call has made it for us.
    let descriptor = unsafe { Allocated::new(descriptor) };
    let mut text = null_mut();
    // SAFETY: the descriptor is one; the text's address is written to.
    succeeded(unsafe {
        ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor.as_ptr(),
            SDDL_REVISION_1,
            DACL_SECURITY_INFORMATION,
            &raw mut text,
            null_mut(),
        )
    })
    .unwrap();
    // SAFETY: the call has made it for us.
    let text = unsafe { Allocated::new(text) };
    // SAFETY: the text ends with a zero.
    let words = unsafe { text_at(text.as_ptr()) };
    words.into_string().unwrap()
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
