//! `hospes metadata` with the real program: the store with and without a server, over real sockets.

mod connect;
mod home;
mod input;
mod proxmox;
mod serve;
mod values;
