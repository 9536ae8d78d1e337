//! hospes: checks, repairs, gates, restarts and proves.
