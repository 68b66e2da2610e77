//! Reading and writing a stopped thread's memory.

use libc::{c_void, iovec};
use nix::errno::Errno;

use super::{Stopped, Traced};

/// Bytes of a word that PTRACE_PEEKTEXT reads.
const WORD: usize = 8;

impl Stopped {
    /// Reads from `address` until the buffer is full or memory ends; returns the bytes read.
    pub fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        let local = iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        let remote = iovec { iov_base: address as *mut c_void, iov_len: buffer.len() };
        // SAFETY: `local` describes `buffer`; the kernel checks the remote range.
        let read = unsafe { libc::process_vm_readv(self.tid.as_raw(), &local, 1, &remote, 1, 0) };
        match usize::try_from(read) {
            Ok(read) if read > 0 => read,
            // Execute-only pages, and sandboxes without process_vm_readv, still let a tracer peek.
            _ => self.peek(address, buffer),
        }
    }

    fn peek(&self, address: u64, buffer: &mut [u8]) -> usize {
        let mut done = 0;
        for chunk in buffer.chunks_mut(WORD) {
            let Some(at) = address.checked_add(done as u64) else { break };
            Errno::clear();
            // SAFETY: PEEKTEXT takes an address in the tracee, which the kernel checks.
            let word = unsafe { libc::ptrace(libc::PTRACE_PEEKTEXT, self.tid.as_raw(), at as *mut c_void, 0) };
            if word == -1 && Errno::last_raw() != 0 {
                break;
            }
            chunk.copy_from_slice(&word.to_ne_bytes()[..chunk.len()]);
            done += chunk.len();
        }
        done
    }

    pub fn read_array<const N: usize>(&self, address: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        (self.read(address, &mut bytes) == N).then_some(bytes)
    }

    pub fn read_u64(&self, address: u64) -> Option<u64> {
        self.read_array(address).map(u64::from_le_bytes)
    }

    /// Writes where the thread itself may write.
    pub fn write(&self, address: u64, bytes: &[u8]) -> Traced<()> {
        let local = iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        let remote = iovec { iov_base: address as *mut c_void, iov_len: bytes.len() };
        // SAFETY: `local` is only read; the kernel checks the remote range.
        let written = unsafe { libc::process_vm_writev(self.tid.as_raw(), &local, 1, &remote, 1, 0) };
        match Errno::result(written)? {
            n if n as usize == bytes.len() => Ok(()),
            _ => Err(Errno::EFAULT),
        }
    }
}
