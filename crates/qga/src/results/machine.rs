//! What the agent answers about processors and memory.

use serde::Serialize;

/// One of the guest's processors: an element of the answer to `guest-get-vcpus`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogicalProcessor {
    /// The guest's own number for it.
    pub logical_id: i64,
    /// Whether it runs.
    pub online: bool,
    /// Whether it can be switched off; the agent always says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_offline: Option<bool>,
}

/// One block of memory that can be on or off: an element of the answer to
/// `guest-get-memory-blocks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MemoryBlock {
    /// The guest's own number for it.
    pub phys_index: u64,
    /// Whether the guest uses it.
    pub online: bool,
    /// Whether it can be switched off; the agent always says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_offline: Option<bool>,
}

/// What became of one wish in `guest-set-memory-blocks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MemoryBlockResponse {
    /// The block's number.
    pub phys_index: u64,
    /// How it went.
    pub response: MemoryBlockOutcome,
    /// The kernel's `errno` when it did not go well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<i64>,
}

/// How switching a block of memory on or off went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryBlockOutcome {
    /// The block is as asked.
    Success,
    /// There is no such block.
    NotFound,
    /// This kernel switches no memory.
    OperationNotSupported,
    /// The kernel refused.
    OperationFailed,
}

/// The answer to `guest-get-memory-block-info`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MemoryBlockInfo {
    /// Bytes in one block.
    pub size: u64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_those_of_the_schema() {
        let processor = LogicalProcessor {
            logical_id: 1,
            online: true,
            can_offline: Some(false),
        };
        let block = MemoryBlock {
            phys_index: u64::MAX,
            online: false,
            can_offline: None,
        };
        assert_eq!(
            serde_json::to_value(processor).expect("a plain structure"),
            json!({"logical-id": 1, "online": true, "can-offline": false})
        );
        assert_eq!(
            serde_json::to_value(block).expect("a plain structure"),
            json!({"phys-index": u64::MAX, "online": false})
        );
    }

    #[test]
    fn an_outcome_names_itself_and_its_errno() {
        for (response, name) in [
            (MemoryBlockOutcome::Success, "success"),
            (MemoryBlockOutcome::NotFound, "not-found"),
            (
                MemoryBlockOutcome::OperationNotSupported,
                "operation-not-supported",
            ),
            (MemoryBlockOutcome::OperationFailed, "operation-failed"),
        ] {
            let answer = MemoryBlockResponse {
                phys_index: 3,
                response,
                error_code: Some(2),
            };
            assert_eq!(
                serde_json::to_value(answer).expect("a plain structure"),
                json!({"phys-index": 3, "response": name, "error-code": 2})
            );
        }
    }
}
