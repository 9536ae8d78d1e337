//! Devices and what their drivers tell of them, by the configuration manager.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::ffi::{OsStr, OsString};
use std::io;
use std::ptr;

use windows_sys::Win32::Devices::DeviceAndDriverInstallation::{
    CM_GET_DEVICE_INTERFACE_LIST_PRESENT, CM_GETIDLIST_FILTER_ENUMERATOR,
    CM_GETIDLIST_FILTER_PRESENT, CM_Get_DevNode_PropertyW, CM_Get_Device_ID_List_SizeW,
    CM_Get_Device_ID_ListW, CM_Get_Device_Interface_List_SizeW, CM_Get_Device_Interface_ListW,
    CM_Get_Device_Interface_PropertyW, CM_Get_Parent, CM_LOCATE_DEVNODE_NORMAL, CM_Locate_DevNodeW,
    CONFIGRET, CR_BUFFER_SMALL, CR_SUCCESS,
};
use windows_sys::Win32::Devices::Properties::{
    DEVPKEY_Device_InstanceId, DEVPROP_TYPE_FILETIME, DEVPROP_TYPE_STRING, DEVPROP_TYPE_UINT32,
    DEVPROPTYPE,
};
use windows_sys::Win32::Foundation::DEVPROPKEY;
use windows_sys::core::GUID;

use super::clock::FileTime;
use super::wide::{list, narrow, wide};

/// How often a list may have grown since its length was asked for.
const ATTEMPTS: usize = 8;
/// Bytes that a property of a device has at most.
const LONGEST: usize = 4 << 10;

/// A device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node(u32);

/// The devices that are there and that `enumerator` (`PCI`) has found.
pub(super) fn instances(enumerator: &str) -> io::Result<Vec<OsString>> {
    let filter = wide(enumerator);
    let flags = CM_GETIDLIST_FILTER_ENUMERATOR | CM_GETIDLIST_FILTER_PRESENT;
    texts(
        // SAFETY: the filter ends with a zero; the length is written to.
        |length| unsafe { CM_Get_Device_ID_List_SizeW(length, filter.as_ptr(), flags) },
        // SAFETY: the filter ends with a zero; the buffer has the length that is told.
        |buffer, length| unsafe { CM_Get_Device_ID_ListW(filter.as_ptr(), buffer, length, flags) },
    )
}

/// The paths by which devices of a class that are there can be opened.
pub(super) fn interfaces(class: &GUID) -> io::Result<Vec<OsString>> {
    let flags = CM_GET_DEVICE_INTERFACE_LIST_PRESENT;
    texts(
        // SAFETY: the class is valid for the call; the length is written to.
        |length| unsafe { CM_Get_Device_Interface_List_SizeW(length, class, ptr::null(), flags) },
        // SAFETY: the class is valid for the call; the buffer has the length that is told.
        |buffer, length| unsafe {
            CM_Get_Device_Interface_ListW(class, ptr::null(), buffer, length, flags)
        },
    )
}

fn texts(
    measure: impl Fn(*mut u32) -> CONFIGRET,
    fill: impl Fn(*mut u16, u32) -> CONFIGRET,
) -> io::Result<Vec<OsString>> {
    for _ in 0..ATTEMPTS {
        let mut length = 0;
        answered(measure(&raw mut length))?;
        let mut buffer = vec![0; (length as usize).max(1)];
        let filled = fill(buffer.as_mut_ptr(), length);
        if filled != CR_BUFFER_SMALL {
            answered(filled)?;
            return Ok(list(&buffer).collect());
        }
    }
    Err(io::Error::other(
        "the list of devices grows faster than it is read",
    ))
}

fn answered(returned: CONFIGRET) -> io::Result<()> {
    match returned {
        CR_SUCCESS => Ok(()),
        other => Err(io::Error::other(format!(
            "the configuration manager answers {other:#x}"
        ))),
    }
}

impl Node {
    /// The device of this instance (`PCI\VEN_1AF4&DEV_1003&...`).
    pub(super) fn of(instance: &OsStr) -> Option<Self> {
        let instance = wide(instance);
        let mut node = 0;
        // SAFETY: the text ends with a zero; the node is written to.
        let found = unsafe {
            CM_Locate_DevNodeW(&raw mut node, instance.as_ptr(), CM_LOCATE_DEVNODE_NORMAL)
        };
        (found == CR_SUCCESS).then_some(Self(node))
    }

    /// The device behind a path.
    pub(super) fn of_interface(path: &OsStr) -> Option<Self> {
        let path = wide(path);
        let instance = property(|kind, buffer, size| {
            let key = &DEVPKEY_Device_InstanceId;
            // SAFETY: the path ends with a zero; the buffer has the size that is told.
            unsafe { CM_Get_Device_Interface_PropertyW(path.as_ptr(), key, kind, buffer, size, 0) }
        })?;
        Self::of(instance.text()?.as_ref())
    }

    /// What it is attached to.
    pub(super) fn parent(self) -> Option<Self> {
        let mut parent = 0;
        // SAFETY: the parent is written to.
        let found = unsafe { CM_Get_Parent(&raw mut parent, self.0, 0) };
        (found == CR_SUCCESS).then_some(Self(parent))
    }

    /// A property of it.
    pub(super) fn property(self, key: &DEVPROPKEY) -> Option<Property> {
        property(|kind, buffer, size| {
            // SAFETY: the key is valid for the call; the buffer has the size that is told.
            unsafe { CM_Get_DevNode_PropertyW(self.0, key, kind, buffer, size, 0) }
        })
    }
}

fn property(
    read: impl FnOnce(*mut DEVPROPTYPE, *mut u8, *mut u32) -> CONFIGRET,
) -> Option<Property> {
    let (mut kind, mut bytes) = (0, vec![0; LONGEST]);
    let mut size = u32::try_from(bytes.len()).ok()?;
    if read(&raw mut kind, bytes.as_mut_ptr(), &raw mut size) != CR_SUCCESS {
        return None;
    }
    bytes.truncate(size as usize);
    Some(Property { kind, bytes })
}

/// A property with its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    kind: DEVPROPTYPE,
    bytes: Vec<u8>,
}

impl Property {
    pub(super) fn text(&self) -> Option<String> {
        let units = self.bytes.chunks_exact(2);
        let units: Vec<u16> = units
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
            .collect();
        let text = || narrow(&units).to_string_lossy().into_owned();
        (self.kind == DEVPROP_TYPE_STRING).then(text)
    }

    pub(super) fn number(&self) -> Option<u32> {
        let bytes = self.bytes.as_slice().try_into().ok()?;
        (self.kind == DEVPROP_TYPE_UINT32).then(|| u32::from_le_bytes(bytes))
    }

    pub(super) fn moment(&self) -> Option<FileTime> {
        let bytes = self.bytes.as_slice().try_into().ok()?;
        (self.kind == DEVPROP_TYPE_FILETIME).then(|| FileTime(i64::from_le_bytes(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_read_as_what_it_is() {
        let property = |kind, bytes: &[u8]| Property {
            kind,
            bytes: bytes.to_vec(),
        };
        let text = property(DEVPROP_TYPE_STRING, b"1\0.\09\0\0\0");
        assert_eq!(text.text().as_deref(), Some("1.9"));
        assert_eq!((text.number(), text.moment()), (None, None));
        let number = property(DEVPROP_TYPE_UINT32, &[1, 2, 0, 0]);
        assert_eq!(number.number(), Some(0x201));
        assert_eq!((number.text(), number.moment()), (None, None));
        let moment = property(DEVPROP_TYPE_FILETIME, &[1, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(moment.moment(), Some(FileTime(0x1_0000_0001)));
        assert_eq!(property(DEVPROP_TYPE_UINT32, &[1]).number(), None);
    }

    #[test]
    fn devices_can_be_listed() {
        instances("PCI").expect("a list");
    }
}
