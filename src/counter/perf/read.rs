//! Reads what a counter has counted.

use std::io::{self, Read};
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::unistd;
use perf_event::Counter;

use super::event::Reading;

/// The count, for how long it was wanted, for how long it had a hardware counter: what every event is asked for. The
/// kernel's number of the event comes after them, where that was asked for too.
const WORDS: usize = 3;
const MOST_WORDS: usize = 4;

pub fn reading(counter: &Counter) -> io::Result<Reading> {
    parsed(&mut Kernel(counter))
}

/// Tries again what a signal interrupted.
pub fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// A sum of counts that 64 bits do not hold.
pub fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its counts add up to more than 2^64 - 1")
}

struct Kernel<'a>(&'a Counter);

impl Read for Kernel<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // SAFETY: the counter keeps its descriptor open while it is borrowed.
        let descriptor = unsafe { BorrowedFd::borrow_raw(self.0.as_raw_fd()) };
        Ok(unistd::read(descriptor, buffer)?)
    }
}

/// One read, as the kernel gives all or nothing.
fn parsed(from: &mut impl Read) -> io::Result<Reading> {
    let mut bytes = [0; MOST_WORDS * size_of::<u64>()];
    let length = again(|| from.read(&mut bytes))?;
    let expected = WORDS * size_of::<u64>();
    match length {
        0 => return Err(io::ErrorKind::UnexpectedEof.into()),
        short if short < expected => {
            let message = format!("a short read: {short} bytes of a count and its times, which are {expected}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        _ => {}
    }
    let (words, _) = bytes.as_chunks::<{ size_of::<u64>() }>();
    let word = |number: usize| u64::from_ne_bytes(words[number]);
    Ok(Reading { count: word(0), enabled_ns: word(1), running_ns: word(2) })
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// What the kernel answers, read by read.
    struct Answers(VecDeque<io::Result<Vec<u8>>>);

    impl Read for Answers {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let answer = self.0.pop_front().expect("no further read")?;
            buffer[..answer.len()].copy_from_slice(&answer);
            Ok(answer.len())
        }
    }

    fn read(answers: impl IntoIterator<Item = io::Result<Vec<u8>>>) -> io::Result<Reading> {
        let mut answers = Answers(answers.into_iter().collect());
        let read = parsed(&mut answers);
        assert!(answers.0.is_empty(), "not all was read");
        read
    }

    fn words(words: &[u64]) -> io::Result<Vec<u8>> {
        Ok(words.iter().flat_map(|word| word.to_ne_bytes()).collect())
    }

    fn errno(errno: i32) -> io::Result<Vec<u8>> {
        Err(io::Error::from_raw_os_error(errno))
    }

    #[test]
    fn counts_and_times() {
        let expected = Reading { count: u64::MAX, enabled_ns: 1 << 40, running_ns: 3 };
        assert_eq!(read([words(&[u64::MAX, 1 << 40, 3])]).expect("a count"), expected);
        assert_eq!(read([words(&[u64::MAX, 1 << 40, 3, 77])]).expect("a count and a number"), expected);
    }

    #[test]
    fn what_a_signal_interrupted_is_read_again() {
        let count = read([errno(libc::EINTR), errno(libc::EINTR), words(&[7, 8, 8])]).expect("a count").count;
        assert_eq!(count, 7);
    }

    #[test]
    fn no_count_is_made_of_less() {
        for short in [1, 8, 16, 23] {
            let error = read([Ok(vec![1; short])]).expect_err("too short").to_string();
            assert!(error.contains(&format!("a short read: {short} bytes")), "{error}");
        }
        assert_eq!(read([Ok(Vec::new())]).expect_err("nothing").kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(read([errno(libc::EIO)]).expect_err("an error").raw_os_error(), Some(libc::EIO));
    }

    #[test]
    fn sums_do_not_wrap() {
        let most = Reading { count: u64::MAX, enabled_ns: u64::MAX, running_ns: 1 };
        let one = Reading { count: 1, enabled_ns: 1, running_ns: 1 };
        assert_eq!(most.plus(one), None);
        let none = Reading { count: 0, ..one };
        assert_eq!(most.plus(none), Some(Reading { count: u64::MAX, enabled_ns: u64::MAX, running_ns: 2 }));
    }
}
