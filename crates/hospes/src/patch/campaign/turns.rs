//! Members' turns, as the driver has them done.

use plan::MemberId;
use plan::campaign::Outcome;

/// Does members' turns. Both futures may be dropped at any moment.
pub(crate) trait Turns {
    /// Patches `member` as that turn.
    fn begin(&self, member: &MemberId, turn: u32) -> impl Future<Output = Outcome>;

    /// Takes that turn up where it is; nothing, if it was not begun. One that has ended is not begun
    /// anew.
    fn follow(&self, member: &MemberId, turn: u32) -> impl Future<Output = Option<Outcome>>;
}
