//! What the agent answers about device drivers: Windows only.

use serde::Serialize;

/// A device with its driver: an element of the answer to `guest-get-devices` (`GuestDeviceInfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Device {
    /// What the driver calls itself (`Red Hat VirtIO SCSI controller`).
    pub driver_name: String,
    /// When the driver was made, in nanoseconds since 1970 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_date: Option<i64>,
    /// The driver's version (`100.85.104.20800`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_version: Option<String>,
    /// What the device is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<DeviceId>,
}

/// What a device is, by the bus that it is on (`GuestDeviceId`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum DeviceId {
    /// On a PCI bus.
    Pci(PciDeviceId),
}

/// The numbers by which PCI devices are told apart (`GuestDeviceIdPCI`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PciDeviceId {
    /// Who makes it: 0x1af4 for virtio.
    pub vendor_id: u16,
    /// Which of its maker's.
    pub device_id: u16,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_those_of_the_schema() {
        let full = Device {
            driver_name: "VirtIO Serial Driver".into(),
            driver_date: Some(1_563_148_800_000_000_000),
            driver_version: Some("100.77.104.17100".into()),
            id: Some(DeviceId::Pci(PciDeviceId {
                vendor_id: 0x1af4,
                device_id: 0x1003,
            })),
        };
        let bare = Device {
            driver_name: "Balloon".into(),
            driver_date: None,
            driver_version: None,
            id: None,
        };
        assert_eq!(
            serde_json::to_value([full, bare]).expect("plain structures"),
            json!([
                {
                    "driver-name": "VirtIO Serial Driver",
                    "driver-date": 1_563_148_800_000_000_000_i64,
                    "driver-version": "100.77.104.17100",
                    "id": {"type": "pci", "vendor-id": 6900, "device-id": 4099}
                },
                {"driver-name": "Balloon"}
            ])
        );
    }
}
