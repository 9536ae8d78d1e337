//! What the agent answers about the guest's name, system, time zone and users.

use serde::Serialize;

/// The answer to `guest-get-host-name`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostName {
    /// As the guest calls itself; not necessarily a full domain name.
    pub host_name: String,
}

/// Someone who is logged in: an element of the answer to `guest-get-users`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct User {
    /// The account's name.
    pub user: String,
    /// The earliest login that still lasts, in seconds since 1970 in UTC, with a fraction.
    pub login_time: f64,
    /// The logon domain (Windows).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// The answer to `guest-get-timezone`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Timezone {
    /// For people: its abbreviation now (`CEST`); on Windows its name (`W. Europe Summer Time`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Seconds east of UTC now.
    pub offset: i64,
}

/// The answer to `guest-get-osinfo`. On Linux, fields from `id` on are those of os-release(5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OsInfo {
    /// `release` of uname(2); on Windows the build (`20348`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_release: Option<String>,
    /// `version` of uname(2); on Windows major and minor version (`10.0`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_version: Option<String>,
    /// `machine` of uname(2); on Windows `x86`, `x86_64`, `arm` or `ia64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// `ID`; on Windows `mswindows`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `NAME`; on Windows `Microsoft Windows`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `PRETTY_NAME`; on Windows the product (`Windows Server 2022 Standard`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pretty_name: Option<String>,
    /// `VERSION`; on Windows the release with its family (`Microsoft Windows Server 2022`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `VERSION_ID`; on Windows the release (`2022`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// `VARIANT`; on Windows `server` or `client`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// `VARIANT_ID`; on Windows as `variant`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_those_of_the_schema() {
        let host = HostName {
            host_name: "web".into(),
        };
        let user = User {
            user: "ann".into(),
            login_time: 1.5,
            domain: None,
        };
        let zone = Timezone {
            zone: Some("EST".into()),
            offset: -18_000,
        };
        for (value, expected) in [
            (serde_json::to_value(host), json!({"host-name": "web"})),
            (
                serde_json::to_value(user),
                json!({"user": "ann", "login-time": 1.5}),
            ),
            (
                serde_json::to_value(zone),
                json!({"zone": "EST", "offset": -18_000}),
            ),
        ] {
            assert_eq!(value.expect("a plain structure"), expected);
        }
    }

    #[test]
    fn a_logon_domain_is_said() {
        let user = User {
            user: "Administrator".into(),
            login_time: 2.0,
            domain: Some("WEB".into()),
        };
        assert_eq!(
            serde_json::to_value(user).expect("a plain structure"),
            json!({"user": "Administrator", "login-time": 2.0, "domain": "WEB"})
        );
    }

    #[test]
    fn a_field_that_is_not_known_is_not_sent() {
        let known = OsInfo {
            kernel_release: Some("6.1".into()),
            pretty_name: Some("Debian".into()),
            version_id: Some("12".into()),
            ..OsInfo::default()
        };
        assert_eq!(
            serde_json::to_value(known).expect("a plain structure"),
            json!({"kernel-release": "6.1", "pretty-name": "Debian", "version-id": "12"})
        );
    }
}
