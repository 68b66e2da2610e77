//! `flopledger run`: counts what a command executes.

use std::ffi::OsString;

use clap::Args as Arguments;

use super::Output;
use super::stat_args::StatArgs;
use super::time_args::{TimeArgs, Work};
use crate::counter::repeat::Repeated;
use crate::counter::timing::Input;
use crate::counter::watch::Tick;
use crate::counter::{
    Choice, Chosen, Command, CountAt, Exit, Measurement, Options, RunResult, Target, choose, pmu_model,
};
use crate::machine::Cpu;
use crate::report::{Sink, Standard};
use crate::{Error, Result};

/// Count the floating-point operations that a command executes
#[derive(Arguments, Debug)]
pub struct Args {
    /// How to count
    #[arg(long, value_enum, default_value = "auto")]
    counter: Choice,
    /// Count until every process that the command started has ended, not only the command
    #[arg(long)]
    wait_all: bool,
    /// Name every instruction with its executions, floating-point or not
    #[arg(long)]
    mnemonics: bool,
    /// Say what counting took: blocks translated, their memory, traps, time
    #[arg(long)]
    verbose: bool,
    /// Where `translate` counts a block: a test of itself
    #[arg(long, value_enum, default_value = "cheapest", hide = true)]
    count_at: CountAt,
    /// The CPU whose events to use, where /proc/cpuinfo is not to be believed
    #[arg(long, value_name = "VENDOR-FAMILY-MODEL")]
    cpu: Option<Cpu>,
    /// The command with its arguments
    #[arg(required_unless_present_any = ["pids", "all_cpus", "cpus"], trailing_var_arg = true,
        allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    #[command(flatten)]
    stat: StatArgs,
    #[command(flatten)]
    time: TimeArgs,
    #[command(flatten)]
    output: Output,
}

/// The result goes to stderr, as the command's own output has stdout to itself. Returns the
/// command's exit status.
pub fn run(args: Args) -> Result<u8> {
    let mut words = args.command.iter().cloned();
    let command = words.next().map(|program| Command {
        program,
        args: words.collect(),
        env: Vec::new(),
        stdout_to_stderr: false,
    });
    if command.is_none() && (args.stat.repeats() || args.time.runs_again()) {
        return Err(
            Error::input("--repeat and --time-runs run a command again: none was given").remedy("give one after `--`")
        );
    }
    let options = Options { wait_all: args.wait_all, count_at: args.count_at, events: args.stat.events()? };
    let target = args.stat.target()?;
    let mut sink = args.output.open(Standard::Stderr)?;
    let cpu = args.cpu.clone().map_or_else(Cpu::this, Ok)?;
    let chosen = choose(args.counter, &cpu);
    let timer = args.time.timer()?;
    let run = Run { args: &args, chosen, cpu, command: command.as_ref(), target, options };
    let (mut runs, exit) = run.all(&mut sink)?;
    let repeated = args.stat.repeats().then(|| Repeated::of(&runs));
    let mut result = runs.swap_remove(0);
    result.repeated = repeated;
    if let Some(command) = &command {
        let executed = result.flops.total.or(result.pmu_flops.total);
        let work = Work { executed, model: None, precision: result.flops.foremost() };
        result.timed = timer.time(command, result.exit, &work);
    }
    match args.stat.tells_intervals() {
        true => sink.print_after_lines(&result)?,
        false => sink.print(&result)?,
    }
    Ok(if command.is_some() { exit.status() } else { 0 })
}

/// Whoever interrupts one run wants no others.
fn interrupted(exit: Exit) -> bool {
    exit.signal == Some(libc::SIGINT)
}

/// What is the same for each of several runs.
struct Run<'a> {
    args: &'a Args,
    chosen: Chosen,
    cpu: Cpu,
    command: Option<&'a Command>,
    target: Option<Target>,
    options: Options,
}

impl Run<'_> {
    /// At least one result, and how the last run ended. One that was interrupted is the last, and left out
    /// of several.
    fn all(&self, sink: &mut Sink) -> Result<(Vec<RunResult>, Exit)> {
        let input = if self.args.stat.runs() > 1 { Some(Input::remember("--repeat")?) } else { None };
        let mut results = vec![self.one(sink)?];
        let exit = results[0].exit;
        if interrupted(exit) {
            return Ok((results, exit));
        }
        for number in 2..=self.args.stat.runs() {
            if let Some(input) = input {
                input.rewind()?;
            }
            let result = self.one(sink)?;
            if interrupted(result.exit) {
                return Ok((results, result.exit));
            }
            if result.exit != exit {
                return Err(Error::failed(format!(
                    "--repeat: run {number} ended with status {}, the first with {}: they did not do the same",
                    result.exit.status(),
                    exit.status()
                ))
                .remedy("repeat a command that does the same each time"));
            }
            results.push(result);
        }
        Ok((results, exit))
    }

    fn one(&self, sink: &mut Sink) -> Result<RunResult> {
        let measured = self.measure(&mut |tick| sink.interval(tick))?;
        let pmu_model = pmu_model(Some(&self.cpu), &measured);
        let mut result = RunResult::new(self.command, self.chosen.reason.clone(), pmu_model, measured);
        let Args { mnemonics, verbose, stat, .. } = self.args;
        result.mnemonics = result.mnemonics.filter(|_| *mnemonics);
        result.effort = result.effort.filter(|_| *verbose);
        result.by_thread = result.by_thread.filter(|_| stat.per_thread());
        result.by_process = result.by_process.filter(|_| stat.per_process());
        result.target = self.target.clone();
        Ok(result)
    }

    fn measure(&self, tell: &mut dyn FnMut(&Tick) -> Result<()>) -> Result<Measurement> {
        let counter = &self.chosen.counter;
        match (self.args.stat.watch(self.target.as_ref(), self.command, tell), self.command) {
            (Some(watch), _) => counter.observe(watch, &self.options),
            (None, Some(command)) => counter.measure(command, &self.options),
            (None, None) => Err(Error::input("no command was given")),
        }
    }
}
