//! Generic names of cache events: `LLC-load-misses` is what is loaded (`load`) and not found
//! (`misses`) in the last cache (`LLC`).

/// Each with its other names, in the order of the kernel's numbers.
const CACHES: [&[&str]; 7] = [
    &["L1-dcache", "l1-d", "l1d", "L1-data"],
    &["L1-icache", "l1-i", "l1i", "L1-instruction"],
    &["LLC", "L2"],
    &["dTLB", "d-tlb", "Data-TLB"],
    &["iTLB", "i-tlb", "Instruction-TLB"],
    &["branch", "branches", "bpu", "btb", "bpc"],
    &["node"],
];
const OPERATIONS: [&[&str]; 3] =
    [&["load", "loads", "read"], &["store", "stores", "write"], &["prefetch", "prefetches"]];
const RESULTS: [&[&str]; 2] = [&["refs", "reference", "ops", "access"], &["misses", "miss"]];

/// The kernel's number for a name: the cache, `<< 8` the operation, `<< 16` the result.
pub fn config(name: &str) -> Option<u64> {
    let mut operation = None;
    let mut result = None;
    let (cache, mut rest) = longest(&CACHES, name)?;
    while let Some(part) = rest.strip_prefix('-') {
        if let Some((number, after)) = longest(&OPERATIONS, part).filter(|_| operation.is_none()) {
            (operation, rest) = (Some(number), after);
        } else if let Some((number, after)) = longest(&RESULTS, part).filter(|_| result.is_none()) {
            (result, rest) = (Some(number), after);
        } else {
            return None;
        }
    }
    // A cache alone names no event.
    let named = rest.is_empty() && (operation.is_some() || result.is_some());
    named.then(|| cache | operation.unwrap_or(0) << 8 | result.unwrap_or(0) << 16)
}

/// The number of the longest name that begins `text` and ends at a dash or its end, and what follows.
fn longest<'a>(table: &[&[&str]], text: &'a str) -> Option<(u64, &'a str)> {
    let names = table.iter().zip(0u64..).flat_map(|(names, number)| names.iter().map(move |name| (*name, number)));
    let begins = |(name, number): (&str, u64)| {
        let (head, rest) = text.split_at_checked(name.len())?;
        let ends = rest.is_empty() || rest.starts_with('-');
        (ends && head.eq_ignore_ascii_case(name)).then_some((number, rest))
    };
    names.filter_map(begins).min_by_key(|(_, rest)| rest.len())
}

/// The names that people use.
pub fn names() -> impl Iterator<Item = String> {
    CACHES.iter().flat_map(|names| {
        OPERATIONS.iter().flat_map(move |operation| {
            let (cache, singular, plural) = (names[0], operation[0], operation[1]);
            [format!("{cache}-{plural}"), format!("{cache}-{singular}-misses")]
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_perf_list_has_them() {
        assert_eq!(config("L1-dcache-loads"), Some(0));
        assert_eq!(config("L1-dcache-load-misses"), Some(0x1_0000));
        assert_eq!(config("LLC-load-misses"), Some(0x1_0002));
        assert_eq!(config("LLC-stores"), Some(0x0102));
        assert_eq!(config("dTLB-store-misses"), Some(0x1_0103));
        assert_eq!(config("iTLB-misses"), Some(0x1_0004));
        assert_eq!(config("branch-load-misses"), Some(0x1_0005));
        assert_eq!(config("node-prefetch-misses"), Some(0x1_0206));
        assert_eq!(config("l1-d-prefetches"), Some(0x0200));
        for name in ["LLC", "LLC-", "LLC-loadmisses", "LLC-load-load", "L3-loads", "L1-dcache-load-misses-x"] {
            assert_eq!(config(name), None, "{name}");
        }
    }
}
