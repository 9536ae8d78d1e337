//! A small apt repository, so that guests install packages without any network outside the machine.

mod http;
mod index;
mod repository;

pub(crate) use index::write_index;
pub use repository::AptRepository;
