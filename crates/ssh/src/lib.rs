//! The SSH port: a guest shell over russh.
