//! `flopledger reconcile`: the main job.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::Output;
use super::model_args::ModelArgs;
use super::time_args::{TimeArgs, Work};
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
use crate::{Error, Result};

/// Count a model three ways, by analysis, by operators and by instructions, and reconcile them
///
/// Runs a workload that marks its regions and writes an operator trace: the built-in CLIP inference
/// on the CPU, or a COMMAND that does the same (see the README). Its stdout goes to stderr.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The model; without one, the preset ViT-B-32
    #[command(flatten)]
    model: ModelArgs,
    /// What runs the model
    #[arg(long, value_enum, default_value = "clip")]
    workload: Workload,
    /// The matrix product that the built-in workload uses
    #[arg(long, value_enum, default_value = "matrixmultiply")]
    gemm: Product,
    /// Threads of the built-in workload
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: u32,
    /// A further argument for the built-in workload; repeatable
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
    output: Output,
    /// Run this instead of the built-in workload
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Workload {
    /// CLIP inference in f32, random weights
    Clip,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Product {
    /// The crate matrixmultiply: AVX2 and FMA
    Matrixmultiply,
    /// The crate gemm: AVX-512 where the CPU has it
    Gemm,
    /// Plain loops: exactly 2 FLOPs a MAC
    Reference,
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
const BUILT_IN: &str = "flopledger-clip";

pub fn run(args: Args) -> Result<u8> {
    let spec = args.model.load_or(DEFAULT_MODEL)?;
    let before: Vec<Ledger> = args.from.iter().map(|name| lead_in(&spec, name)).collect::<Result<_>>()?;
    let sink = args.output.open(Standard::Stdout)?;
    let trace_file = tempfile::Builder::new()
        .prefix("flopledger-trace-")
        .tempfile()
        .map_err(|e| Error::failed(format!("cannot create a file for the operator trace: {e}")))?;
    let command = args.command(trace_file.path())?;
    let timer = args.time.timer()?;
    let measurement = match args.counter {
        Choice::Auto | Choice::Translate => Translate.measure(&command, &Options::default())?,
        Choice::Step => {
            warn_of_time(&spec);
            Step.measure(&command, &Options::default())?
        }
    };
    if measurement.exit.status() != 0 {
        eprintln!("flopledger: the workload ended with status {}: nothing to reconcile", measurement.exit.status());
        return Ok(measurement.exit.status());
    }
    let operators = read_trace(trace_file.path(), &command)?;
    let cpu = Cpu::this().ok();
    // Hardware events see no regions, so they count a run of their own.
    let pmu = match cpu.as_ref().and_then(hardware) {
        Some(perf) => perf.measure(&command, &Options::default())?.pmu_flops.and_then(|flops| flops.total),
        None => None,
    };
    let subject = Subject { pmu, ..args.subject(&spec, &command, cpu.as_ref(), &operators, &measurement)? };
    let mut result = reconcile(&subject, before)?;
    let (executed, model) = (Some(result.counts.instructions), Some(result.counts.analytic));
    let precision = Precisions::of(subject.tally).foremost();
    result.timed = timer.time(&command, measurement.exit, &Work { executed, model, precision });
    sink.print(&result)?;
    Ok(0)
}

impl Args {
    fn command(&self, trace: &Path) -> Result<Command> {
        let env = vec![(trace::VARIABLE.into(), trace.into())];
        if let [program, args @ ..] = self.command.as_slice() {
            return Ok(Command { program: program.clone(), args: args.to_vec(), env, stdout: Stdout::Stderr });
        }
        let Workload::Clip = self.workload;
        let gemm = self.gemm.to_possible_value().map(|v| v.get_name().to_string()).unwrap_or_default();
        let mut words: Vec<OsString> = self.model.words(DEFAULT_MODEL);
        words.extend(["--gemm".into(), gemm.into(), "--threads".into(), self.threads.to_string().into()]);
        words.extend(self.workload_arg.iter().cloned());
        Ok(Command { program: built_in()?.into(), args: words, env, stdout: Stdout::Stderr })
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

/// The workload beside this executable, else the one on PATH.
fn built_in() -> Result<PathBuf> {
    let here = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(BUILT_IN)));
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let places = here.into_iter().chain(std::env::split_paths(&on_path).map(|folder| folder.join(BUILT_IN)));
    places.into_iter().find(|place| place.is_file()).ok_or_else(|| {
        Error::failed(format!("the built-in workload {BUILT_IN} is neither beside flopledger nor on PATH"))
            .remedy("build and install both with `make install`")
    })
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
    operators::read(file)
}

/// Single-stepping takes 20 us an instruction, and an instruction does 16 FLOPs at the best of the
/// default kernel: say so before it takes hours.
fn warn_of_time(spec: &ClipSpec) {
    let flops = model::terms::flops(&model::terms(spec));
    let seconds = flops / 16 / 50_000;
    if seconds > 120 {
        eprintln!("flopledger: counting {} by single steps takes over {} minutes", spec.name, seconds / 60);
        if std::io::stderr().is_terminal() {
            eprintln!("flopledger: end it with Ctrl-C; leave out `--counter step`, or try --preset tiny");
        }
    }
}
