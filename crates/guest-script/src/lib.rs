//! Scripts for a guest's `/bin/sh`, and the framed answers that they print.
//!
//! ```text
//! Form::script(functions, body) ──► /bin/sh -s in the guest ──stdout──► Form::frames ─► [Frame]
//!                                                                          └─► FramingError
//!
//! [banner] @NAME 1 0 ⏎⏎   @KIND STATUS LENGTH ⏎ LENGTH bytes ⏎ ...   @end 0 0 ⏎⏎
//! ```
//!
//! Values are length-prefixed, so that no file's content, banner or package's output can pass for
//! another value, and an answer that was cut is told from a whole one. Everything is bounded.

mod form;
mod frame;
mod words;

pub use form::Form;
pub use frame::{Frame, FramingError};
pub use words::{grouped, quote};
