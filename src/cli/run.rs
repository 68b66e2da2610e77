//! `flopledger run`: counts what a command executes.

use std::ffi::OsString;

use clap::Args as Arguments;

use super::Output;
use super::time_args::{TimeArgs, Work};
use crate::counter::{Choice, Command, CountAt, Options, Reference, RunResult, choose, pmu_model};
use crate::ledger::side_by_side::{self, SideBySide};
use crate::machine::Cpu;
use crate::report::Standard;
use crate::{Error, Result};

/// Count the floating-point operations that a command executes
#[derive(Arguments, Debug)]
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
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    #[command(flatten)]
    time: TimeArgs,
    #[command(flatten)]
    output: Output,
}

/// The result goes to stderr, as the command's own output has stdout to itself. Returns the
/// command's exit status.
pub fn run(args: Args) -> Result<u8> {
    let sink = args.output.open(Standard::Stderr)?;
    let mut words = args.command.into_iter();
    let program = words.next().ok_or_else(|| Error::input("no command was given"))?;
    let command = Command { program, args: words.collect(), env: Vec::new(), stdout_to_stderr: false };
    let cpu = args.cpu.map_or_else(Cpu::this, Ok)?;
    let reference = args.shown_as.as_ref().map(Reference::of).transpose()?;
    let Counters { choice, beside_perf } = Counters::of(&args.counter, reference.as_ref())?;
    let mut chosen = choose(choice, &cpu);
    if reference.is_some() && args.counter == [Choice::Auto] {
        chosen.reason = "--as needs every instruction".into();
    }
    let timer = args.time.timer()?;
    let options = Options { wait_all: args.wait_all, count_at: args.count_at };
    let perf = beside_perf.then(|| choose(Choice::Perf, &cpu));
    let perf = perf.map(|perf| Ok((perf.counter.measure(&command, &options)?, perf.reason))).transpose()?;
    let measured = chosen.counter.measure(&command, &options)?;
    let tally = measured.tally.as_ref();
    let shown_as = reference.zip(tally).map(|(reference, tally)| reference.shows(&tally.classes));
    let ledger = perf.as_ref().zip(tally).map(|((perf, _), tally)| side_by_side::ledger(&cpu, perf, &tally.classes));
    let mut result = RunResult::new(&command, chosen.reason, pmu_model(Some(&cpu), &measured), measured);
    result.shown_as = shown_as;
    result.mnemonics = result.mnemonics.filter(|_| args.mnemonics);
    result.effort = result.effort.filter(|_| args.verbose);
    let executed = result.flops.total.or(result.pmu_flops.total);
    let work = Work { executed, model: None, precision: result.flops.foremost() };
    result.timed = timer.time(&command, result.exit, &work);
    let status = result.exit.status();
    match perf.zip(ledger) {
        None => sink.print(&result)?,
        Some(((perf, reason), (ledger, reasons))) => sink.print(&SideBySide {
            schema: side_by_side::SCHEMA,
            perf: RunResult::new(&command, reason, cpu.to_string(), perf),
            instructions: result,
            ledger,
            reasons,
        })?,
    }
    Ok(status)
}

/// What `--counter` asks for.
struct Counters {
    choice: Choice,
    /// Once more, before, with the PMU's events.
    beside_perf: bool,
}

impl Counters {
    /// What another CPU's events would show can only be told where every instruction is seen.
    fn of(asked: &[Choice], reference: Option<&Reference>) -> Result<Counters> {
        let alone = |choice| Ok(Counters { choice, beside_perf: false });
        match (asked, reference) {
            ([Choice::Perf], Some(_)) => {
                Err(Error::input("--as needs every instruction, and --counter perf sees none")
                    .remedy("count with --counter translate or step"))
            }
            ([Choice::Auto], Some(_)) => alone(Choice::Translate),
            ([choice], _) => alone(*choice),
            ([Choice::Perf, choice] | [choice, Choice::Perf], _)
                if matches!(choice, Choice::Translate | Choice::Step) =>
            {
                Ok(Counters { choice: *choice, beside_perf: true })
            }
            _ => Err(Error::input("--counter takes one counter, or perf and one that sees instructions")
                .remedy("--counter perf,translate")),
        }
    }
}
