//! `flopledger reconcile`: the main job.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::Path;

use clap::ValueEnum;

use super::Output;
use super::html_args::HtmlArgs;
use super::model_args::ModelArgs;
use super::progress::Progress;
use super::time_args::{TimeArgs, Work};
use super::workloads::{self, Prepared, Product, Workload};
use crate::counter::{
    Command, Counter, Measurement, Options, Precisions, Stdout, hardware, pmu_model, step::Step, translate::Translate,
};
use crate::ledger::Ledger;
use crate::ledger::explain::{Side, explain};
use crate::ledger::reconcile::{Machine, Subject, reconcile};
use crate::machine::Cpu;
use crate::model::{self, ClipSpec};
use crate::operators::{self, Operators, trace};
use crate::report::Standard;
use crate::standard::tell;
use crate::{Error, Result};

/// Count a model three ways, by analysis, by operators and by instructions, and reconcile them
///
/// Runs a workload that marks its regions and writes an operator trace: CLIP inference on the CPU,
/// built in or by PyTorch, or a COMMAND that does the same (see the README). Its stdout goes to stderr.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  flopledger reconcile --preset tiny
  flopledger reconcile --gemm gemm --time-runs 3 --peak measured --html report.html")]
pub struct Args {
    /// The model; without one, the preset ViT-B-32
    #[command(flatten)]
    model: ModelArgs,
    /// What runs the model
    #[arg(long, value_enum, default_value = "clip")]
    workload: Workload,
    /// The matrix product that the workload clip uses; matrixmultiply, if none is named
    #[arg(long, value_enum)]
    gemm: Option<Product>,
    /// Threads of the workload
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: u32,
    /// A further argument for the workload; repeatable
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    workload_arg: Vec<OsString>,
    /// Begin the chain at this tool's count; repeatable (see `flopledger estimate` for the names)
    #[arg(long, value_name = "COUNT", default_value = "thop")]
    from: Vec<String>,
    /// How to count instructions
    #[arg(long, value_enum, default_value = "auto")]
    counter: Choice,
    #[command(flatten)]
    time: TimeArgs,
    #[command(flatten)]
    html: HtmlArgs,
    #[command(flatten)]
    output: Output,
    /// Run this instead of the built-in workload
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// The best that tells instruction classes and regions apart
    Auto,
    /// Every instruction, in translated copies of the program's code: exact, at nearly native speed
    Translate,
    /// Every instruction, one at a time: exact, and thousands of times slower
    Step,
}

const DEFAULT_MODEL: &str = "ViT-B-32";

pub fn run(args: Args) -> Result<u8> {
    let spec = args.model.load_or(DEFAULT_MODEL)?;
    let before: Vec<Ledger> = args.from.iter().map(|name| lead_in(&spec, name)).collect::<Result<_>>()?;
    let (sink, page) = (args.output.open(Standard::Stdout)?, args.html.open()?);
    let trace_file = tempfile::Builder::new()
        .prefix("flopledger-trace-")
        .tempfile()
        .map_err(|e| Error::failed(format!("cannot create a file for the operator trace: {e}")))?;
    let prepared = args.prepared(trace_file.path())?;
    let command = &prepared.command;
    let timer = args.time.timer()?;
    // A command of the user's own writes to this terminal; the built-in workload has a line or two at its end.
    let progress = args.command.is_empty().then(|| Progress::of("counting the instructions of the workload"));
    let measurement = match args.counter {
        Choice::Auto | Choice::Translate => Translate.measure(command, &Options::default())?,
        Choice::Step => {
            warn_of_time(&spec);
            Step.measure(command, &Options::default())?
        }
    };
    drop(progress);
    if measurement.exit.status() != 0 {
        tell(format_args!("the workload ended with status {}: nothing to reconcile", measurement.exit.status()));
        return Ok(measurement.exit.status());
    }
    let operators = read_trace(trace_file.path(), command)?;
    let cpu = Cpu::this().ok();
    // Hardware events see no regions, so they count a run of their own.
    let pmu = match cpu.as_ref().and_then(hardware) {
        Some(perf) => perf.measure(command, &Options::default())?.pmu_flops,
        None => None,
    };
    let subject = Subject { pmu, ..args.subject(&spec, command, cpu.as_ref(), &operators, &measurement)? };
    let result = reconcile(&subject, before)?;
    let (executed, model) = (Some(result.counts.instructions), Some(result.counts.analytic));
    let precision = Precisions::of(subject.tally).foremost();
    let timed = timer.time(command, measurement.exit, &Work { executed, model, precision });
    let result = result.with_times(timed);
    sink.print(&result)?;
    page.write(&result)?;
    Ok(0)
}

impl Args {
    fn prepared(&self, trace: &Path) -> Result<Prepared> {
        let env = vec![(trace::VARIABLE.into(), trace.into())];
        if let [program, args @ ..] = self.command.as_slice() {
            let command = Command { program: program.clone(), args: args.to_vec(), env, stdout: Stdout::Stderr };
            return Ok(command.into());
        }
        let mut prepared = match self.workload {
            Workload::Clip => workloads::clip(&self.model, DEFAULT_MODEL, self.gemm, env)?,
            Workload::Torch if self.gemm.is_some() => {
                return Err(
                    Error::input("--gemm is of the workload clip: torch chooses its own").remedy("leave it out")
                );
            }
            Workload::Torch => workloads::torch(&self.model, DEFAULT_MODEL, env)?,
        };
        prepared.command.args.extend(["--threads".into(), self.threads.to_string().into()]);
        prepared.command.args.extend(self.workload_arg.iter().cloned());
        Ok(prepared)
    }

    fn subject<'a>(
        &self,
        spec: &ClipSpec,
        command: &Command,
        cpu: Option<&Cpu>,
        operators: &'a Operators,
        measurement: &'a Measurement,
    ) -> Result<Subject<'a>> {
        let tally = measurement
            .tally
            .as_ref()
            .ok_or_else(|| Error::failed(format!("the counter {} tells no instructions apart", measurement.counter)))?;
        // By its real name, as the maps of the process have it.
        let program = std::fs::canonicalize(&command.program).unwrap_or_else(|_| command.program.clone().into());
        let program = program.file_name().unwrap_or(&command.program);
        Ok(Subject {
            model: spec.name.clone(),
            workload: program.to_string_lossy().into_owned(),
            command: command.words(),
            batch: operators.batch(),
            terms: model::terms(spec),
            operators,
            measurement,
            tally,
            program: program.to_string_lossy().into_owned(),
            counter_reason: match self.counter {
                Choice::Auto => "the fastest counter that tells instruction classes and regions apart".into(),
                Choice::Translate | Choice::Step => "asked for".into(),
            },
            pmu_model: pmu_model(cpu, measurement),
            pmu: None,
            machine: Machine { cpu: cpu.map(Cpu::to_string) },
        })
    }
}

/// The ledger from a tool's count to the analytic one.
fn lead_in(spec: &ClipSpec, name: &str) -> Result<Ledger> {
    Ok(explain(spec, &Side::parse(name)?, &Side::parse("analytic")?)?.ledger)
}

fn read_trace(file: &Path, command: &Command) -> Result<Operators> {
    if std::fs::metadata(file).is_ok_and(|f| f.len() == 0) {
        let program = command.program.to_string_lossy();
        return Err(Error::failed(format!(
            "{program} wrote no operator trace to the file that {} names",
            trace::VARIABLE
        ))
        .remedy("run a workload that does, or count its instructions alone with `flopledger run`"));
    }
    operators::read(file, &operators::Dimensions::new())
}

/// Single-stepping takes 20 us an instruction, and an instruction does 16 FLOPs at the best of the
/// default kernel: say so before it takes hours.
fn warn_of_time(spec: &ClipSpec) {
    let flops = model::terms::flops(&model::terms(spec));
    let seconds = flops / 16 / 50_000;
    if seconds > 120 {
        tell(format_args!("counting {} by single steps takes over {} minutes", spec.name, seconds / 60));
        if std::io::stderr().is_terminal() {
            tell("end it with Ctrl-C; leave out `--counter step`, or try --preset tiny");
        }
    }
}
