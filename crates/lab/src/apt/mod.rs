//! Small apt repositories, so that guests install packages without any network outside the machine.
//!
//! [`AptRepository`] serves the packages of a directory. An [`Archive`] is one whose packages are made on
//! the fly ([`Package`]) and change while it is served; [`Updates`] are two of them, with an older and a
//! newer set.

mod archive;
mod http;
mod index;
mod package;
mod repository;
mod updates;

pub use archive::Archive;
pub use index::Identity;
pub(crate) use index::write_index;
pub use package::Package;
pub use repository::AptRepository;
pub use updates::Updates;
