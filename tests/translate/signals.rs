//! Programs that are interrupted.

use super::{built, flops, program};

#[test]
fn handlers_run_on_alternate_stacks() {
    program("alternate_stack", &[]);
}

#[test]
fn faults_tell_the_programs_own_addresses() {
    program("fault_information", &[]);
}

#[test]
fn flags_survive_signals() {
    program("flags_under_signals", &[]);
}

#[test]
fn handlers_may_change_where_the_program_goes_on() {
    program("handler_edits", &[]);
}

#[test]
fn interrupted_calls_restart_or_fail_as_they_natively_do() {
    program("interrupted_calls", &[]);
}

#[test]
fn handlers_may_be_left_by_longjmp() {
    program("longjmp_out_of_handlers", &[]);
}

#[test]
fn signals_nest() {
    program("nested_signals", &[]);
}

#[test]
fn a_thousand_signals_a_second_change_nothing() {
    program("signal_storm", &[]);
}

#[test]
fn vector_state_survives_signals() {
    program("vector_state", &[]);
}

#[test]
#[cfg_attr(not(has = "g++"), ignore = "skipped: no g++")]
fn exceptions_are_caught_where_they_natively_are() {
    built("exceptions.cpp", "g++", &["-fnon-call-exceptions", "-lpthread"], &[]);
}

#[test]
fn stacks_are_deep_and_overflow() {
    flops(&program("recursion", &[]), 5 * 20001);
}

#[test]
fn a_thousand_signals_a_second_change_no_count() {
    flops(&program("known_work", &["alarms"]), 3 * 20 * 2_000_000);
}

#[test]
fn a_program_that_is_killed_gives_its_counts() {
    flops(&program("known_work", &["killed"]), 3 * 1000);
}

#[test]
fn an_instruction_that_kills_ends_its_block_there() {
    flops(&program("known_work", &["illegal"]), 3 * 1000 + 1);
    flops(&program("known_work", &["segment"]), 3 * 1000 + 2);
}

#[test]
fn what_is_not_executable_faults_as_it_natively_does() {
    program("no_code", &[]);
}

#[test]
fn queued_signals_keep_their_order_and_values() {
    program("queued_signals", &[]);
}

#[test]
fn coroutines_swap_contexts() {
    program("contexts", &[]);
}
