//! The qemu backend: QMP and agent sockets of local machines.
