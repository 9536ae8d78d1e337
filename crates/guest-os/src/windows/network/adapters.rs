//! The list of adapters as Windows writes it: structures that point to each other in one buffer.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::io;
use std::net::{SocketAddrV4, SocketAddrV6};
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_BUFFER_OVERFLOW, ERROR_NO_DATA};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_DNS_SERVER, GAA_FLAG_SKIP_MULTICAST, GetAdaptersAddresses,
    GetIfEntry2, IP_ADAPTER_ADDRESSES_LH, IP_ADAPTER_UNICAST_ADDRESS_LH, MIB_IF_ROW2,
};
use windows_sys::Win32::Networking::WinSock::{
    ADDRESS_FAMILY, AF_INET, AF_INET6, AF_UNSPEC, SOCKADDR_IN, SOCKADDR_IN6, SOCKET_ADDRESS,
};

use crate::windows::outcome::{code, is};
use crate::windows::wide::text_at;

/// Room for a few adapters; grows.
const FIRST_SIZE: usize = 16 << 10;
/// How often the list may have grown since it was asked for.
const ATTEMPTS: usize = 8;

/// All adapters, in a buffer of Windows' structures.
pub(super) struct Adapters {
    /// Aligned as the structures want it.
    buffer: Vec<u64>,
    is_empty: bool,
}

impl Adapters {
    pub(super) fn read() -> io::Result<Self> {
        let mut size = FIRST_SIZE;
        for _ in 0..ATTEMPTS {
            let mut buffer = vec![0; size.div_ceil(size_of::<u64>())];
            let mut needed = u32::try_from(size).map_err(io::Error::other)?;
            match fill(&mut buffer, &mut needed) {
                Ok(()) => {
                    let is_empty = false;
                    return Ok(Self { buffer, is_empty });
                }
                Err(error) if is(&error, ERROR_NO_DATA) => {
                    let is_empty = true;
                    return Ok(Self { buffer, is_empty });
                }
                Err(error) if is(&error, ERROR_BUFFER_OVERFLOW) => {}
                Err(error) => return Err(error),
            }
            // More may have come meanwhile.
            size = needed as usize + FIRST_SIZE;
        }
        let text = "the list of adapters grows faster than it is read";
        Err(io::Error::other(text))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Adapter<'_>> {
        let first: *const IP_ADAPTER_ADDRESSES_LH = match self.is_empty {
            true => ptr::null(),
            false => self.buffer.as_ptr().cast(),
        };
        let next = |adapter: &Adapter<'_>| self.at(adapter.0.Next);
        std::iter::successors(self.at(first), next)
    }

    /// An element of the list.
    fn at(&self, adapter: *const IP_ADAPTER_ADDRESSES_LH) -> Option<Adapter<'_>> {
        // SAFETY: Windows' pointers lead into the buffer, or nowhere at the end of the list.
        unsafe { adapter.as_ref() }.map(Adapter)
    }
}

fn fill(buffer: &mut [u64], size: &mut u32) -> io::Result<()> {
    let skipped = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
    // SAFETY: the buffer has at least the size that is told.
    code(unsafe {
        GetAdaptersAddresses(
            AF_UNSPEC.into(),
            skipped,
            ptr::null(),
            buffer.as_mut_ptr().cast(),
            size,
        )
    })
}

/// One adapter of the list.
#[derive(Clone, Copy)]
pub(super) struct Adapter<'a>(&'a IP_ADAPTER_ADDRESSES_LH);

/// One of its addresses.
pub(super) struct Address {
    pub(super) socket: Socket,
    /// Bits of its network's prefix.
    pub(super) prefix: u8,
}

/// An address of either family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Socket {
    V4(SocketAddrV4),
    V6(SocketAddrV6),
}

impl<'a> Adapter<'a> {
    /// The name for people (`Ethernet`).
    pub(super) fn name(&self) -> String {
        // SAFETY: Windows' pointer leads to a text in the buffer.
        let name = unsafe { text_at(self.0.FriendlyName) };
        name.to_string_lossy().into_owned()
    }

    /// Empty where the link has none.
    pub(super) fn hardware_address(&self) -> &'a [u8] {
        let length = self.0.PhysicalAddressLength as usize;
        let address = &self.0.PhysicalAddress;
        &address[..length.min(address.len())]
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = Address> {
        let next = |address: &&'a IP_ADAPTER_UNICAST_ADDRESS_LH| self.unicast(address.Next);
        let first = self.unicast(self.0.FirstUnicastAddress);
        let list = std::iter::successors(first, next);
        list.filter_map(|address| {
            Some(Address {
                socket: socket(&address.Address)?,
                prefix: address.OnLinkPrefixLength,
            })
        })
    }

    /// An element of its list of addresses.
    fn unicast(
        &self,
        address: *const IP_ADAPTER_UNICAST_ADDRESS_LH,
    ) -> Option<&'a IP_ADAPTER_UNICAST_ADDRESS_LH> {
        // SAFETY: Windows' pointers lead into the buffer, or nowhere at the end of the list.
        unsafe { address.as_ref() }
    }

    /// What went through it.
    pub(super) fn counters(&self) -> Option<MIB_IF_ROW2> {
        let mut row = MIB_IF_ROW2 {
            InterfaceLuid: self.0.Luid,
            ..Default::default()
        };
        // SAFETY: the row names its interface and is written to.
        let read = code(unsafe { GetIfEntry2(&raw mut row) });
        read.is_ok().then_some(row)
    }
}

fn socket(address: &SOCKET_ADDRESS) -> Option<Socket> {
    let length = usize::try_from(address.iSockaddrLength).ok()?;
    if address.lpSockaddr.is_null() || length < size_of::<ADDRESS_FAMILY>() {
        return None;
    }
    // SAFETY: Windows' pointer leads to an address in the buffer, which begins with its family and
    // need not be aligned.
    let family: ADDRESS_FAMILY =
        unsafe { address.lpSockaddr.cast::<ADDRESS_FAMILY>().read_unaligned() };
    if family == AF_INET && length >= size_of::<SOCKADDR_IN>() {
        // SAFETY: an address of this family and length has this form.
        let v4: SOCKADDR_IN = unsafe { address.lpSockaddr.cast::<SOCKADDR_IN>().read_unaligned() };
        // SAFETY: all variants of the union are the same four bytes.
        let octets = unsafe { v4.sin_addr.S_un.S_addr }.to_ne_bytes();
        return Some(Socket::V4(SocketAddrV4::new(octets.into(), 0)));
    }
    if family == AF_INET6 && length >= size_of::<SOCKADDR_IN6>() {
        // SAFETY: as above.
        let v6: SOCKADDR_IN6 =
            unsafe { address.lpSockaddr.cast::<SOCKADDR_IN6>().read_unaligned() };
        // SAFETY: both variants of the union are the same sixteen bytes.
        let octets = unsafe { v6.sin6_addr.u.Byte };
        // SAFETY: both variants of the union are the same four bytes.
        let scope = unsafe { v6.Anonymous.sin6_scope_id };
        return Some(Socket::V6(SocketAddrV6::new(octets.into(), 0, 0, scope)));
    }
    None
}
