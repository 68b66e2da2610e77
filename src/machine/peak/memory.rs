//! Caches and memory: how fast they are read.

use std::arch::asm;
use std::arch::is_x86_feature_detected as has;
use std::fs;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::cores::{Cores, on_each};
use crate::Result;

/// One level, as one CPU sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Level {
    /// `L1d`, `L2`, `L3` or `memory`.
    pub name: String,
    /// None for memory.
    pub bytes: Option<u64>,
    /// CPUs that share it.
    pub sharers: u64,
}

/// Reading as fast as can be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bandwidth {
    pub level: String,
    pub threads: usize,
    /// What each thread reads over and over.
    pub buffer_bytes: u64,
    pub measured_bytes_per_s: f64,
    /// Bytes of one load.
    pub load_bytes: u64,
}

/// Caches of a CPU in sysfs, and memory.
pub fn levels(cpu: usize) -> Vec<Level> {
    let mut levels = Vec::new();
    for index in 0..8 {
        let read = |name: &str| {
            fs::read_to_string(format!("/sys/devices/system/cpu/cpu{cpu}/cache/index{index}/{name}"))
                .map(|text| text.trim().to_owned())
                .ok()
        };
        let (Some(kind), Some(level)) = (read("type"), read("level")) else { continue };
        if kind == "Instruction" {
            continue;
        }
        let name = format!("L{level}{}", if kind == "Data" { "d" } else { "" });
        let bytes = read("size").and_then(|size| kibibytes(&size));
        let sharers = read("shared_cpu_list").map_or(1, |list| members(&list));
        levels.push(Level { name, bytes, sharers });
    }
    levels.push(Level { name: "memory".into(), bytes: None, sharers: 0 });
    levels
}

/// `48K`
fn kibibytes(size: &str) -> Option<u64> {
    Some(size.strip_suffix('K')?.parse::<u64>().ok()? << 10)
}

/// `0-3,8`
fn members(list: &str) -> u64 {
    let number = |text: &str| text.parse::<u64>().ok();
    let count = |part: &str| match part.split_once('-') {
        Some((first, last)) => {
            number(first).zip(number(last)).map_or(1, |(first, last)| last.saturating_sub(first) + 1)
        }
        None => 1,
    };
    list.split(',').map(count).sum()
}

/// A multiple of what one turn of the loop reads.
const STRIDE: u64 = 4096;

/// Of one thread: half of its share of a cache; of memory what no cache holds, where there is room.
pub fn buffer_bytes(levels: &[Level], at: usize, threads: usize) -> u64 {
    const LEAST: u64 = 256 << 20;
    let level = &levels[at];
    let sharing = level.sharers.clamp(1, threads.max(1) as u64);
    let bytes = match level.bytes {
        Some(bytes) => bytes / sharing / 2,
        None => {
            let largest = levels.iter().filter_map(|level| level.bytes).max().unwrap_or(0);
            let wanted = (2 * largest).max(LEAST);
            wanted.min(available() / 4) / threads.max(1) as u64
        }
    };
    (bytes / STRIDE * STRIDE).max(STRIDE)
}

fn available() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    // Without it a small buffer is better than none.
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok())
        .map_or(1 << 30, |kibibytes| kibibytes << 10)
}

/// Reads with one thread on each of these CPUs.
pub fn measure(levels: &[Level], at: usize, cores: &Cores, cpus: &[usize], time: Duration) -> Result<Bandwidth> {
    let mut bytes = buffer_bytes(levels, at, cpus.len());
    if let Some(shared) = levels[at].bytes {
        // Threads that share a core share its caches too.
        let siblings = (cores.cpus.len() / cores.physical.max(1)) as u64;
        bytes = bytes.min((shared / siblings.max(1) / 2 / STRIDE * STRIDE).max(STRIDE));
    }
    let (load_bytes, read) = reader();
    let rates = on_each(cpus, |barrier| {
        let buffer = vec![1u64; bytes as usize / 8];
        read_once(read, &buffer);
        barrier.wait();
        let start = Instant::now();
        let mut turns = 0u64;
        while turns == 0 || start.elapsed() < time {
            // The clock is looked at once in a mebibyte or so.
            let repeats = ((1 << 20) / bytes).max(1);
            for _ in 0..repeats {
                read_once(read, &buffer);
            }
            turns += repeats;
        }
        (turns * bytes) as f64 / start.elapsed().as_secs_f64()
    })?;
    Ok(Bandwidth {
        level: levels[at].name.clone(),
        threads: cpus.len(),
        buffer_bytes: bytes,
        measured_bytes_per_s: rates.iter().sum(),
        load_bytes,
    })
}

type Reader = unsafe fn(*const u64, u64);

/// The widest loads of this CPU.
fn reader() -> (u64, Reader) {
    if has!("avx512f") {
        (64, read_512)
    } else if has!("avx") {
        (32, read_256)
    } else {
        (16, read_128)
    }
}

fn read_once(read: Reader, buffer: &[u64]) {
    // SAFETY: `reader` offers what the CPU has; it reads the buffer, whose length is a multiple of what
    // one turn of its loop reads.
    unsafe { read(buffer.as_ptr(), (buffer.len() as u64) * 8) };
}

macro_rules! reader {
    ($name:ident, $load:literal, $register:literal, $bytes:literal, $end:literal) => {
        unsafe fn $name(buffer: *const u64, bytes: u64) {
            macro_rules! load {
                ($at:literal) => {
                    concat!($load, " ", $register, $at, ", [rcx + ", $at, " * ", $bytes, "]\n")
                };
            }
            // SAFETY: reads from `buffer` to `end`; changes vector registers and flags only.
            unsafe {
                asm!(
                    concat!(
                        ".p2align 5\n2:\n",
                        load!("0"), load!("1"), load!("2"), load!("3"), load!("4"), load!("5"), load!("6"), load!("7"),
                        "add rcx, 8 * ", $bytes, "\n",
                        "cmp rcx, rdx\n",
                        "jb 2b\n",
                        $end,
                    ),
                    inout("rcx") buffer => _,
                    in("rdx") buffer.byte_add(bytes as usize),
                    clobber_abi("C"),
                    options(nostack, readonly),
                );
            }
        }
    };
}

reader!(read_512, "vmovups", "zmm", "64", "vzeroupper\n");
reader!(read_256, "vmovups", "ymm", "32", "vzeroupper\n");
reader!(read_128, "movups", "xmm", "16", "");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sysfs_spelling() {
        assert_eq!(kibibytes("48K"), Some(48 * 1024));
        assert_eq!((members("0"), members("0-3,8"), members("0,4")), (1, 5, 2));
    }

    #[test]
    fn buffers_fit_their_level() {
        let level = |name: &str, bytes, sharers| Level { name: name.into(), bytes, sharers };
        let levels = [level("L1d", Some(48 << 10), 1), level("L3", Some(32 << 20), 8), level("memory", None, 0)];
        assert_eq!(buffer_bytes(&levels, 0, 8), 24 << 10);
        // A thread alone has all of a shared cache; eight have an eighth each.
        assert_eq!(buffer_bytes(&levels, 1, 1), 16 << 20);
        assert_eq!(buffer_bytes(&levels, 1, 8), 2 << 20);
        assert!(buffer_bytes(&levels, 2, 1) <= 256 << 20);
    }
}
