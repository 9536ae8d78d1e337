//! Which scripts an event has, where they come from and how they are run.
//!
//! ```text
//! instance_configs.cfg ─► Settings
//! Event ─► keys ─► select(instance attributes), else select(project attributes) ─► Script
//!                                                    text ─► a file      url ─► Source ─► a file
//! file ─► Invocation (shell, or the file itself) ─► output: Lines ─► End ─► explain
//! ```

mod end;
mod event;
mod explain;
mod ini;
mod invocation;
mod lines;
mod period;
mod power;
mod select;
mod settings;
mod shebang;
mod source;
pub mod words;

pub use end::End;
pub use event::{Event, Form, ScriptKey, UnknownEvent};
pub use explain::{HEAD_BYTES, Sight, explain};
pub use invocation::{Invocation, invocation};
pub use lines::{LONGEST_LINE, Lines};
pub use power::{is_stopping, queues_shutdown};
pub use select::{Content, NoAttributes, Script, select};
pub use settings::{SETTINGS, SETTINGS_FILES, Setting, Settings, Warning};
pub use shebang::{Shebang, shebang};
pub use source::{DEFAULT_UNIVERSE, Source, SourceError, storage_address};
