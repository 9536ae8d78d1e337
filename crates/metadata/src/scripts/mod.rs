//! Which scripts an event has, where they come from and how they are run.
//!
//! ```text
//! instance_configs.cfg ─► Settings
//! Event ─► keys ─► select(instance attributes), else select(project attributes) ─► Script, its Kind
//!                                 text ─► file_bytes ─► a file     url ─► Source ─► a file
//! file ─► Invocation (a shell, PowerShell, or the file itself) ─► output: Lines ─► End ─► explain
//! ```
//!
//! Linux and Windows differ in their [`Dialect`]: which keys and settings there are. What a system
//! runs a file by is the script's [`Kind`]; everything behind it depends on that alone.
//!
//! | | Linux | Windows |
//! | --- | --- | --- |
//! | keys | `startup-script`, `-url` | `windows-startup-script-ps1`, `-cmd`, `-bat`, `-url` |
//! | of specialize | `sysprep-specialize-script`, `-url` | `sysprep-specialize-script-ps1`, `-cmd`, `-bat`, `-url` |
//! | the file | named after the key | after the key, with `.ps1`, `.cmd`, `.bat` or `.exe` |
//! | run by | `default_shell -c FILE` | PowerShell for `.ps1`, else by itself |
//! | switched off by | `startup`, `shutdown` | `startup-windows`, `shutdown-windows` |

mod dialect;
mod end;
mod event;
mod explain;
mod ini;
mod invocation;
mod kind;
mod lines;
mod period;
mod select;
mod settings;
mod shebang;
mod source;
pub mod words;

pub use dialect::Dialect;
pub use end::End;
pub use event::{Event, Form, ScriptKey, UnknownEvent};
pub use explain::{HEAD_BYTES, Sight, explain};
pub use invocation::{Invocation, POWERSHELL, invocation};
pub use kind::{Kind, file_bytes};
pub use lines::{LONGEST_LINE, Lines};
pub use select::{Content, NoAttributes, Script, select};
pub use settings::{Setting, Settings, Warning, settings, settings_files};
pub use shebang::{Shebang, shebang};
pub use source::{DEFAULT_UNIVERSE, Source, SourceError, storage_address};
