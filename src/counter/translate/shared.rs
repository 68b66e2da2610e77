//! Memory that tracer and tracee share: the tracee makes and maps it, the tracer fetches its
//! descriptor, and no descriptor is left in the tracee.

use std::fs::OpenOptions;
use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::{self, NonNull};

use libc::c_void;
use nix::errno::Errno;
use nix::unistd::Pid;

use super::super::ptrace::{Remote, Traced};

/// A part of a tracee's memory that we can write whatever its own protection says.
#[derive(Debug)]
pub struct Shared {
    file: OwnedFd,
    here: NonNull<u8>,
    length: usize,
    /// Its address in the tracee.
    pub start: u64,
}

/// Where the tracee's mapping goes.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// Where the kernel likes.
    Anywhere,
    /// At an address where nothing is.
    Free(u64),
    /// In the place of what is there.
    Over(u64),
}

/// Why there is no such memory: the call that the kernel refused to the tracee.
pub type Refusal = (&'static str, Errno);

/// What comes of calls made in the tracee's name, and the tracee back.
pub type Attempt<T> = Traced<(Remote, Result<T, Refusal>)>;

const MFD_CLOEXEC: u64 = libc::MFD_CLOEXEC as u64;

impl Shared {
    /// `name`: the address of a NUL byte in the tracee.
    pub fn new(remote: Remote, name: u64, length: usize, place: Place, protection: i32) -> Attempt<Shared> {
        Shared::made(remote, name, length, place, protection, None)
    }

    fn made(
        remote: Remote,
        name: u64,
        length: usize,
        place: Place,
        protection: i32,
        source: Option<&Shared>,
    ) -> Attempt<Shared> {
        let (remote, made) = remote.call(libc::SYS_memfd_create, [name, MFD_CLOEXEC, 0, 0, 0, 0])?;
        let fd = match made {
            Ok(fd) => fd,
            Err(errno) => return Ok((remote, Err(("memfd_create", errno)))),
        };
        let here = fetch(remote.thread().tid(), fd as i32).and_then(|file| {
            nix::unistd::ftruncate(&file, length as i64)?;
            let mut shared = Shared { here: map(&file, length)?, file, length, start: 0 };
            if let Some(source) = source {
                shared.copy_from(source, 0, length as u64);
            }
            Ok(shared)
        });
        let (at, flags) = match place {
            Place::Anywhere => (0, 0),
            Place::Free(at) => (at, libc::MAP_FIXED_NOREPLACE),
            Place::Over(at) => (at, libc::MAP_FIXED),
        };
        let flags = (flags | libc::MAP_SHARED | libc::MAP_NORESERVE) as u64;
        let arguments = [at, length as u64, protection as u64, flags, fd, 0];
        let (remote, start) = remote.call(libc::SYS_mmap, arguments)?;
        let (remote, _) = remote.call(libc::SYS_close, [fd, 0, 0, 0, 0, 0])?;
        let shared = start.map_err(|errno| ("mmap", errno)).and_then(|start| {
            let mut shared = here.map_err(|errno| ("pidfd_getfd", errno))?;
            shared.start = start;
            Ok(shared)
        });
        Ok((remote, shared))
    }

    /// The same with the contents of another.
    pub fn copy_of(remote: Remote, name: u64, source: &Shared, place: Place, protection: i32) -> Attempt<Shared> {
        // What the tracee executes while it maps the copy must be there already.
        Shared::made(remote, name, source.length, place, protection, Some(source))
    }

    /// The address behind it, in the tracee.
    pub fn end(&self) -> u64 {
        self.start + self.length as u64
    }

    pub fn holds(&self, address: u64) -> bool {
        (self.start..self.end()).contains(&address)
    }

    /// Where `length` bytes at an offset are in our own memory.
    fn at(&self, offset: u64, length: usize) -> *mut u8 {
        let offset = offset as usize;
        assert!(offset + length <= self.length, "outside of shared memory: {offset:#x}");
        // SAFETY: within the mapping, by the assertion.
        unsafe { self.here.as_ptr().add(offset) }
    }

    pub fn write(&mut self, offset: u64, bytes: &[u8]) {
        // SAFETY: `at` checked the range; translated code that runs meanwhile does not reach what
        // is being written.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.at(offset, bytes.len()), bytes.len()) };
    }

    pub fn read(&self, offset: u64, bytes: &mut [u8]) {
        // SAFETY: `at` checked the range.
        unsafe { ptr::copy_nonoverlapping(self.at(offset, bytes.len()), bytes.as_mut_ptr(), bytes.len()) };
    }

    /// One store, which threads that execute these bytes see whole: they must not straddle a cache
    /// line, but need not be aligned.
    pub fn store_u32(&mut self, offset: u64, value: u32) {
        let at = self.at(offset, 4);
        // SAFETY: `at` checked the range. An instruction of its own, since Rust has no unaligned
        // store that the compiler may not split.
        unsafe {
            std::arch::asm!("mov dword ptr [{at}], {value:e}", at = in(reg) at, value = in(reg) value, options(nostack, preserves_flags))
        };
    }

    /// Replaces up to 8 bytes of code in one store, if they and what follows them are within a line.
    pub fn replace(&mut self, offset: u64, bytes: &[u8]) {
        let mut word = [0; 8];
        self.read(offset, &mut word);
        word[..bytes.len()].copy_from_slice(bytes);
        let (at, value) = (self.at(offset, 8), u64::from_le_bytes(word));
        // SAFETY: `at` checked the range; as in `store_u32`.
        unsafe {
            std::arch::asm!("mov qword ptr [{at}], {value}", at = in(reg) at, value = in(reg) value, options(nostack, preserves_flags))
        };
    }

    /// One store, aligned.
    pub fn store_u64(&mut self, offset: u64, value: u64) {
        assert!(offset.is_multiple_of(8), "unaligned: {offset:#x}");
        // SAFETY: `at` checked the range, and the mapping begins on a page.
        unsafe { ptr::write_volatile(self.at(offset, 8).cast::<u64>(), value) };
    }

    pub fn load_u64(&self, offset: u64) -> u64 {
        assert!(offset.is_multiple_of(8), "unaligned: {offset:#x}");
        // SAFETY: as for `store_u64`.
        unsafe { ptr::read_volatile(self.at(offset, 8).cast::<u64>()) }
    }

    /// Gives the memory of a range back; it reads as 0 again.
    pub fn clear(&mut self, offset: u64, length: u64) {
        let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        // SAFETY: no memory of ours is involved.
        let rc = unsafe { libc::fallocate(self.file.as_raw_fd(), mode, offset as i64, length as i64) };
        if rc != 0 {
            // SAFETY: `at` checks the range.
            unsafe { ptr::write_bytes(self.at(offset, length as usize), 0, length as usize) };
        }
    }

    /// Copies what is in use of another: holes stay holes.
    pub fn copy_from(&mut self, other: &Shared, offset: u64, length: u64) {
        let (mut position, end) = (offset as i64, (offset + length) as i64);
        while position < end {
            let seek = |from, whence| {
                // SAFETY: no memory is involved.
                unsafe { libc::lseek(other.file.as_raw_fd(), from, whence) }
            };
            let data = seek(position, libc::SEEK_DATA);
            if data < 0 || data >= end {
                break;
            }
            let hole = match seek(data, libc::SEEK_HOLE) {
                hole if hole < 0 => end,
                hole => hole.min(end),
            };
            let mut bytes = vec![0; (hole - data) as usize];
            other.read(data as u64, &mut bytes);
            self.write(data as u64, &bytes);
            position = hole;
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing refers to it any more.
        unsafe { libc::munmap(self.here.as_ptr().cast::<c_void>(), self.length) };
    }
}

/// Our own descriptor for one of a tracee's.
fn fetch(pid: Pid, fd: i32) -> Result<OwnedFd, Errno> {
    let leader = super::super::ptrace::status::process_of(pid).unwrap_or(pid);
    // SAFETY: both calls return descriptors that are ours alone, or an error.
    let fetched = unsafe {
        Errno::result(libc::syscall(libc::SYS_pidfd_open, leader.as_raw(), 0)).and_then(|pidfd| {
            let pidfd = OwnedFd::from_raw_fd(pidfd as i32);
            let file = Errno::result(libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), fd, 0))?;
            Ok(OwnedFd::from_raw_fd(file as i32))
        })
    };
    fetched.or_else(|errno| {
        // Containers forbid it by default where they allow ptrace.
        let opened = OpenOptions::new().read(true).write(true).open(format!("/proc/{pid}/fd/{fd}"));
        opened.map(OwnedFd::from).map_err(|_| errno)
    })
}

fn map(file: &OwnedFd, length: usize) -> Result<NonNull<u8>, Errno> {
    let length = NonZeroUsize::new(length).ok_or(Errno::EINVAL)?.get();
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_SHARED | libc::MAP_NORESERVE;
    // SAFETY: a new mapping, wherever the kernel puts it.
    let at = unsafe { libc::mmap(ptr::null_mut(), length, protection, flags, file.as_raw_fd(), 0) };
    match at {
        libc::MAP_FAILED => Err(Errno::last()),
        at => NonNull::new(at.cast()).ok_or(Errno::ENOMEM),
    }
}
