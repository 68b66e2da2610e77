//! Programs whose code changes while they run.

use super::{Run, built, compile, flops, folder, program};

fn written(how: &str, additions: u64) {
    flops(&program("run_time_code", &[how]), additions);
}

#[test]
fn code_is_written_and_then_made_executable() {
    written("mprotect", 100);
}

#[test]
fn executable_pages_are_rewritten() {
    written("writable", 400);
}

#[test]
fn code_changes_the_instructions_ahead_of_it() {
    written("self", 200);
}

#[test]
fn code_is_mapped_where_other_code_was() {
    written("remapped", 53);
}

#[test]
fn code_of_parent_and_child_differs_from_the_fork_on() {
    written("forked", 4);
}

#[test]
fn code_is_written_by_another_thread() {
    written("another", 50);
}

#[test]
fn trampolines_are_on_an_executable_stack() {
    for what in ["0: calls", "1: reads", "2: signals", "3: forks"] {
        built("trampolines.c", "gcc", &["-z", "execstack"], &[what]);
    }
}

#[test]
fn code_that_is_never_the_same_twice_empties_the_cache() {
    // An addition in each function, and the third thread's.
    flops(&program("emptied_cache", &[]), 16 * 6000 + 300);
}

#[test]
fn code_is_compared_under_alignment_checks() {
    program("alignment_checks", &[]);
}

#[test]
fn libraries_are_loaded_where_others_were() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    compile("gcc", "translate/libraries_come_and_go.c", at("program").as_ref(), &["-ldl"]);
    let mut command = vec![at("program")];
    for number in 1..=3 {
        let library = at(&format!("lib{number}.so"));
        compile("gcc", "translate/plugin.c", library.as_ref(), &["-shared", "-fPIC", &format!("-DROUNDS={number}0")]);
        command.push(library);
    }
    // 14 rounds of the first, 13 of the others, and two operations in each.
    flops(&Run::new(&command).transparent(), 2 * (14 * 10 + 13 * 20 + 13 * 30));
}
