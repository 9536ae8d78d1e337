//! disks.
