//! Blocks of memory, on and off: commands of Linux.

use qga::OnlineSetting;
use qga::results::machine::{
    MemoryBlock, MemoryBlockInfo, MemoryBlockOutcome, MemoryBlockResponse,
};

use crate::{Error, Result};

const UNSUPPORTED: Error = Error::Unsupported("Windows does not show its memory as blocks");

/// The guest's blocks of memory.
///
/// # Errors
/// Always: [`Error::Unsupported`].
pub fn blocks() -> Result<Vec<MemoryBlock>> {
    Err(UNSUPPORTED)
}

/// Switches no block, and says so of each.
#[must_use]
pub fn set(settings: &[OnlineSetting]) -> Vec<MemoryBlockResponse> {
    let refused = |setting: &OnlineSetting| MemoryBlockResponse {
        phys_index: setting.index,
        response: MemoryBlockOutcome::OperationNotSupported,
        error_code: None,
    };
    settings.iter().map(refused).collect()
}

/// How large a block is.
///
/// # Errors
/// Always: [`Error::Unsupported`].
pub fn block_info() -> Result<MemoryBlockInfo> {
    Err(UNSUPPORTED)
}
