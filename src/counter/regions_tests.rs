use iced_x86::{Decoder, DecoderOptions};

use super::*;
use crate::counter::ClassCount;
use crate::isa::{self, Class};

fn addsd() -> Class {
    let code = [0xf2, 0x0f, 0x58, 0xc1];
    let instruction = Decoder::new(64, &code, DecoderOptions::NONE).decode();
    isa::classify(&instruction).expect("addsd is floating-point").class
}

/// The counts of a process that has executed `n` instructions.
fn counts(n: u64) -> Classes {
    Classes::from([(addsd(), ClassCount { executions: n, lanes: n })])
}

fn named(name: &str) -> Result<String, String> {
    Ok(name.into())
}

fn summary(log: RegionLog) -> Vec<(String, u64, u64)> {
    log.into_tallies().into_iter().map(|r| (r.path.clone(), r.calls, r.flops())).collect()
}

#[test]
fn regions_nest_and_the_same_path_is_merged() {
    let (mut log, mut regions) = (RegionLog::default(), Regions::default());
    assert_eq!(regions.begin(&mut log, 1, named("a"), &counts(10)), None);
    for from in [10, 20] {
        assert_eq!(regions.begin(&mut log, 1, named("b"), &counts(from)), None);
        assert_eq!(regions.end(&mut log, 1, &counts(from + 3)), None);
    }
    assert_eq!(regions.end(&mut log, 1, &counts(30)), None);
    assert_eq!(regions.begin(&mut log, 1, named("b"), &counts(30)), None);
    assert_eq!(regions.end(&mut log, 1, &counts(31)), None);
    assert_eq!(regions.finish(&mut log, &counts(40)), None);
    assert_eq!(summary(log), [("a".into(), 1, 20), ("a/b".into(), 2, 6), ("b".into(), 1, 1)]);
}

#[test]
fn a_child_works_for_the_regions_of_its_parent() {
    let (mut log, mut parent) = (RegionLog::default(), Regions::default());
    assert_eq!(parent.begin(&mut log, 1, named("a"), &counts(5)), None);
    let child = parent.of_child();
    assert_eq!(parent.end(&mut log, 1, &counts(6)), None);
    assert_eq!(child.finish(&mut log, &counts(100)), None);
    assert_eq!(summary(log), [("a".into(), 1, 101)]);
}

#[test]
fn a_program_that_was_executed_in_a_region_stays_in_it() {
    let (mut log, mut regions) = (RegionLog::default(), Regions::default());
    assert_eq!(regions.begin(&mut log, 1, named("a"), &counts(0)), None);
    regions.exec();
    assert_eq!(regions.finish(&mut log, &counts(7)), None);
    assert_eq!(summary(log), [("a".into(), 1, 7)]);
}

#[test]
fn markers_that_make_no_sense_are_faults() {
    let (mut log, mut regions) = (RegionLog::default(), Regions::default());
    assert!(regions.end(&mut log, 1, &counts(0)).is_some());
    assert_eq!(regions.begin(&mut log, 1, named("a"), &counts(0)), None);
    assert!(regions.begin(&mut log, 2, named("b"), &counts(0)).is_some_and(|f| f.contains("thread 2")));
    assert!(regions.end(&mut log, 1, &counts(0)).is_some_and(|f| f.contains("`a/b` of thread 2")));
    assert!(regions.begin(&mut log, 1, name_of(b"\xff"), &counts(0)).is_some_and(|f| f.contains("UTF-8")));
    assert!(regions.finish(&mut log, &counts(0)).is_some_and(|f| f.contains("still open")));
}

#[test]
fn names_are_checked() {
    assert_eq!(name_of("é".as_bytes()), Ok("é".into()));
    assert!(name_of(b"").is_err());
}
