//! `flopledger run`: counts what a command executes.

use std::ffi::OsString;

use clap::Args as Arguments;

use super::Output;
use super::counters::Counters;
use super::framework_logs::FrameworkLogs;
use super::html_args::HtmlArgs;
use super::perf_args::PerfArgs;
use super::stat_args::StatArgs;
use super::time_args::{TimeArgs, Work};
use crate::counter::repeat::Repeated;
use crate::counter::timing::Input;
use crate::counter::watch::Tick;
use crate::counter::{
    Choice, Chosen, Command, CountAt, Exit, Measurement, Options, Reference, RunResult, Stdout, Target, choose,
    pmu_model,
};
use crate::ledger::logged::Logged;
use crate::ledger::side_by_side::{self, SideBySide};
use crate::machine::Cpu;
use crate::report::{Sink, Standard};
use crate::{Error, Result};

/// Count the floating-point operations that a command executes
#[derive(Arguments, Debug)]
#[command(after_help = "\
Examples:
  flopledger run -- python3 train.py
  flopledger run --counter translate --time-runs 5 --peak measured --html report.html -- ./solver
  mpirun -n 4 flopledger run --format json -o run.%r.json -- ./solver")]
pub struct Args {
    /// How to count. `perf,translate` or `perf,step` runs the command once with each, and tells what lies between
    #[arg(long, value_enum, value_delimiter = ',', default_value = "auto")]
    counter: Vec<Choice>,
    /// Count until every process that the command started has ended, not only the command
    #[arg(long)]
    wait_all: bool,
    /// Name every instruction with its executions, floating-point or not
    #[arg(long)]
    mnemonics: bool,
    /// Say what counting took: blocks translated, their memory, traps, time
    #[arg(long)]
    verbose: bool,
    /// Also count the operators that oneDNN and MKL say they run, by their verbose logs, which are kept out of
    /// the command's stdout: a pipe, then
    #[arg(long, conflicts_with_all = ["passes", "repeat", "interval"])]
    framework_logs: bool,
    /// Where `translate` counts a block: a test of itself
    #[arg(long, value_enum, default_value = "cheapest", hide = true)]
    count_at: CountAt,
    /// The CPU whose events to use, where /proc/cpuinfo is not to be believed
    #[arg(long, value_name = "VENDOR-FAMILY-MODEL")]
    cpu: Option<Cpu>,
    /// Say what the events of another CPU would show of this execution
    #[arg(long = "as", value_name = "VENDOR-FAMILY-MODEL[-STEPPING]")]
    shown_as: Option<Cpu>,
    /// The command with its arguments
    // No `allow_hyphen_values`: an option that is not known must not be taken for the command.
    #[arg(required_unless_present_any = ["pids", "all_cpus", "cpus"], trailing_var_arg = true,
        value_name = "COMMAND")]
    command: Vec<OsString>,
    #[command(flatten)]
    perf: PerfArgs,
    #[command(flatten)]
    stat: StatArgs,
    #[command(flatten)]
    time: TimeArgs,
    #[command(flatten)]
    html: HtmlArgs,
    #[command(flatten)]
    output: Output,
}

/// The result goes to stderr, as the command's own output has stdout to itself. Returns the
/// command's exit status.
pub fn run(args: Args) -> Result<u8> {
    let mut words = args.command.iter().cloned();
    let command =
        words.next().map(|program| Command { program, args: words.collect(), env: Vec::new(), stdout: Stdout::Ours });
    if command.is_none() && (args.stat.repeats() || args.time.runs_again()) {
        return Err(
            Error::input("--repeat and --time-runs run a command again: none was given").remedy("give one after `--`")
        );
    }
    let options = Options { wait_all: args.wait_all, count_at: args.count_at, events: args.stat.events()? };
    let target = args.stat.target()?;
    let reference = args.shown_as.as_ref().map(Reference::of).transpose()?;
    let Counters { choice, beside_perf } = Counters::of(&args.counter, reference.as_ref())?;
    if beside_perf && (target.is_some() || args.stat.watches() || args.stat.repeats()) {
        return Err(Error::input("--counter perf,.. counts a command once with each, from start to end")
            .remedy("leave out what repeats it, watches it as it goes, or counts other processes or CPUs"));
    }
    if args.framework_logs && (beside_perf || command.is_none()) {
        return Err(Error::input("--framework-logs reads the logs of one run of a command")
            .remedy("give a command, and one counter"));
    }
    let (mut sink, page) = (args.output.open(Standard::Stderr)?, args.html.open()?);
    let cpu = args.cpu.clone().map_or_else(Cpu::this, Ok)?;
    let mut chosen = choose(choice, args.perf.perf(cpu.clone()));
    if reference.is_some() && args.counter == [Choice::Auto] {
        chosen.reason = "--as needs every instruction".into();
    }
    let timer = args.time.timer()?;
    let logged = command.as_ref().filter(|_| args.framework_logs).map(FrameworkLogs::of).transpose()?;
    let (logged, logs) = logged.unzip();
    let run =
        Run { args: &args, chosen, cpu, command: logged.as_ref().or(command.as_ref()), target, options, reference };
    let time = |result: &mut RunResult| {
        let Some(command) = &command else { return };
        let executed = result.flops.total.or(result.pmu_flops.total);
        let work = Work { executed, model: None, precision: result.flops.foremost() };
        result.timed = timer.time(command, result.exit, &work);
    };
    if beside_perf {
        let mut both = run.beside_perf()?;
        time(&mut both.instructions);
        return args.output.ends(both.instructions.exit, sink.print(&both), page.write(&both));
    }
    let (mut runs, exit) = run.all(&mut sink)?;
    let repeated = args.stat.repeats().then(|| Repeated::of(&runs));
    let mut result = runs.swap_remove(0);
    result.repeated = repeated;
    time(&mut result);
    if let Some(logs) = logs {
        drop(logged);
        let written = sink.print(&Logged { run: result, operators: logs.finish()? });
        return args.output.ends(exit, written, Ok(()));
    }
    let written = match args.stat.tells_intervals() {
        true => sink.print_after_lines(&result),
        false => sink.print(&result),
    };
    // A command that was not started has no status.
    let exit = if command.is_some() { exit } else { Exit { code: Some(0), signal: None } };
    args.output.ends(exit, written, page.write(&result))
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
    /// The CPU whose events the result is to speak of, too.
    reference: Option<Reference>,
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
        Ok(self.result(measured))
    }

    fn result(&self, measured: Measurement) -> RunResult {
        let tally = measured.tally.as_ref();
        let shown_as = self.reference.as_ref().zip(tally).map(|(cpu, tally)| cpu.shows(&tally.classes));
        let pmu_model = pmu_model(Some(&self.cpu), &measured);
        let mut result = RunResult::new(self.command, self.chosen.reason.clone(), pmu_model, measured);
        let Args { mnemonics, verbose, stat, .. } = self.args;
        result.shown_as = shown_as;
        result.mnemonics = result.mnemonics.filter(|_| *mnemonics);
        result.effort = result.effort.filter(|_| *verbose);
        result.by_thread = result.by_thread.filter(|_| stat.per_thread());
        result.by_process = result.by_process.filter(|_| stat.per_process());
        result.target = self.target.clone();
        result
    }

    /// Once under the PMU's events, once instruction by instruction.
    fn beside_perf(&self) -> Result<SideBySide> {
        let command = self.command.ok_or_else(no_command)?;
        let perf = choose(Choice::Perf, self.args.perf.perf(self.cpu.clone()));
        let showed = perf.counter.measure(command, &self.options)?;
        let executed = self.chosen.counter.measure(command, &self.options)?;
        let ledger = executed.tally.as_ref().map(|tally| side_by_side::ledger(&self.cpu, &showed, &tally.classes));
        let (ledger, reasons) = ledger.unwrap_or_default();
        Ok(SideBySide {
            schema: side_by_side::SCHEMA,
            perf: RunResult::new(Some(command), perf.reason, self.cpu.to_string(), showed),
            instructions: self.result(executed),
            ledger,
            reasons,
        })
    }

    fn measure(&self, tell: &mut dyn FnMut(&Tick)) -> Result<Measurement> {
        let counter = &self.chosen.counter;
        match (self.args.stat.watch(self.target.as_ref(), self.command, tell), self.command) {
            (Some(watch), _) => counter.observe(watch, &self.options),
            (None, Some(command)) => counter.measure(command, &self.options),
            (None, None) => Err(no_command()),
        }
    }
}

fn no_command() -> Error {
    Error::input("no command was given").remedy("give one after `--`")
}
