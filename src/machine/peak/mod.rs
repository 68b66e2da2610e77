//! This machine's peak: measured, beside what its microarchitecture promises.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::Cpu;
use crate::Result;
use crate::isa::Precision;
use clock::median;
use cores::{Cores, on_each};
use kernels::Kernel;
use memory::Bandwidth;
use theory::Theory;

mod amx;
mod clock;
mod cores;
mod kernels;
mod memory;
mod theory;

/// The rate of one instruction on a number of threads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rate {
    pub precision: Precision,
    /// `scalar`, `256-bit`, `tile`.
    pub shape: String,
    pub instruction: &'static str,
    pub threads: usize,
    pub cores: usize,
    /// The best round's; the rounds' median beside it.
    pub measured_flop_per_s: f64,
    pub measured_median_flop_per_s: f64,
    /// Cycles a second, while this ran: the median over its threads.
    pub clock_hz: f64,
    pub measured_flops_per_cycle_core: f64,
    pub theoretical_flops_per_cycle_core: Option<u64>,
    /// At the clock that was held.
    pub theoretical_flop_per_s: Option<f64>,
    /// Part of the time that its threads had a CPU: the rest went to a hypervisor, a quota or neighbours.
    pub cpu_share: f64,
    /// FLOPs executed for this figure, warming up included.
    pub executed_flops: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Peak {
    pub schema: &'static str,
    pub cpu: Option<String>,
    pub microarchitecture: Option<String>,
    /// Where the theoretical figures come from.
    pub theory_source: Option<String>,
    pub cores: Cores,
    pub flops: Vec<Rate>,
    pub bandwidth: Vec<Bandwidth>,
    pub notes: Vec<String>,
}

/// Rounds of one figure.
const ROUNDS: u32 = 5;

/// Measures each figure for about this long.
pub fn measure(cpu: Option<&Cpu>, time: Duration) -> Result<Peak> {
    let cores = Cores::usable()?;
    let kernels = kernels::all();
    let tiles = kernels.iter().any(|kernel| kernel.width.is_none());
    let theory = cpu.map(|cpu| theory::of(cpu, tiles)).transpose()?.flatten();
    let one = &cores.cpus[..1];
    let groups = if cores.cpus.len() > 1 { vec![(one, 1), (&cores.cpus[..], cores.physical)] } else { vec![(one, 1)] };
    let mut flops = Vec::new();
    for kernel in &kernels {
        for (cpus, physical) in &groups {
            // The first CPU of a hybrid is a P-core, whose figures the table has; of all together it has none.
            let theory = theory.as_ref().filter(|_| !cores.hybrid || cpus.len() == 1);
            flops.push(rate(kernel, cpus, *physical, theory, time)?);
        }
    }
    let levels = memory::levels(one[0]);
    let mut bandwidth = Vec::new();
    for at in 0..levels.len() {
        for (cpus, _) in &groups {
            bandwidth.push(memory::measure(&levels, at, &cores, cpus, time)?);
        }
    }
    Ok(Peak {
        schema: "flopledger.peak/1",
        cpu: cpu.map(Cpu::to_string),
        microarchitecture: theory.as_ref().map(|theory| theory.row.name.clone()),
        theory_source: theory.as_ref().map(|theory| theory.row.evidence.clone()),
        notes: notes(theory.as_ref(), &cores, &flops),
        cores,
        flops,
        bandwidth,
    })
}

/// The fastest way to compute in this precision on all CPUs that may be used.
pub fn best(precision: Precision, time: Duration) -> Result<Option<Rate>> {
    let cores = Cores::usable()?;
    let mut best: Option<Rate> = None;
    for kernel in kernels::all().iter().filter(|kernel| kernel.precision == precision) {
        let rate = rate(kernel, &cores.cpus, cores.physical, None, time)?;
        let faster = best.as_ref().is_none_or(|best| rate.measured_flop_per_s > best.measured_flop_per_s);
        best = if faster { Some(rate) } else { best };
    }
    Ok(best)
}

/// How fast each cache level and memory are read by all CPUs that may be used.
pub fn bandwidth(time: Duration) -> Result<Vec<Bandwidth>> {
    let cores = Cores::usable()?;
    let levels = memory::levels(cores.cpus[0]);
    (0..levels.len()).map(|at| memory::measure(&levels, at, &cores, &cores.cpus, time)).collect()
}

/// What one thread did in one round.
struct Round {
    flops_per_s: f64,
    clock_hz: f64,
    cpu_share: f64,
}

fn rate(kernel: &Kernel, cpus: &[usize], cores: usize, theory: Option<&Theory>, time: Duration) -> Result<Rate> {
    let threads = on_each(cpus, |barrier| rounds(kernel, barrier, time))?;
    let executed = threads.iter().map(|(_, iterations)| iterations).sum::<u64>() * kernel.flops_per_iteration;
    let sums: Vec<f64> =
        (0..ROUNDS as usize).map(|round| threads.iter().map(|(rounds, _)| rounds[round].flops_per_s).sum()).collect();
    let best = sums.iter().copied().fold(0.0, f64::max);
    let middle = |of: fn(&Round) -> f64| median(threads.iter().flat_map(|(rounds, _)| rounds).map(of).collect());
    let clock_hz = middle(|round| round.clock_hz);
    let per_cycle = theory.and_then(|theory| theory.row.flops_per_cycle(kernel));
    Ok(Rate {
        precision: kernel.precision,
        shape: kernel.shape(),
        instruction: kernel.instruction,
        threads: cpus.len(),
        cores,
        measured_flop_per_s: best,
        measured_median_flop_per_s: median(sums),
        clock_hz,
        measured_flops_per_cycle_core: best / clock_hz / cores as f64,
        theoretical_flops_per_cycle_core: per_cycle,
        theoretical_flop_per_s: per_cycle.map(|flops| flops as f64 * clock_hz * cores as f64),
        cpu_share: middle(|round| round.cpu_share),
        executed_flops: executed,
    })
}

/// Slices of the kernel with short measurements of the clock between them, in which the core keeps
/// the clock that the kernel made it hold. Returns the rounds and all iterations.
fn rounds(kernel: &Kernel, barrier: &Barrier, time: Duration) -> (Vec<Round>, u64) {
    const SLICE: Duration = Duration::from_micros(500);
    let mut all = 0;
    // Warms up, and finds out how many iterations make a slice.
    let mut slice = 1000u64;
    let start = Instant::now();
    loop {
        let began = Instant::now();
        kernel.run(slice);
        all += slice;
        let took = began.elapsed();
        if took < SLICE {
            slice = slice * 3 / 2;
        } else if start.elapsed() > time / 4 {
            break;
        }
    }
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        barrier.wait();
        let start = Instant::now();
        let (mut slices, mut clocks) = (Vec::new(), Vec::new());
        while slices.is_empty() || start.elapsed() < time / ROUNDS {
            let began = Instant::now();
            kernel.run(slice);
            slices.push(began.elapsed().as_secs_f64());
            clocks.push(clock::measure());
        }
        let (number, busy) = (slices.len() as u64, slices.iter().sum::<f64>());
        all += number * slice;
        let flops = (number * slice * kernel.flops_per_iteration) as f64;
        // Most slices are not interrupted; what some take longer was taken from them.
        let undisturbed = median(slices) * number as f64;
        rounds.push(Round {
            flops_per_s: flops / busy,
            clock_hz: median(clocks),
            cpu_share: (undisturbed / busy).min(1.0),
        });
    }
    (rounds, all)
}

fn notes(theory: Option<&Theory>, cores: &Cores, flops: &[Rate]) -> Vec<String> {
    let mut notes = Vec::new();
    match theory {
        Some(Theory { row, doubt }) => {
            notes.extend(doubt.clone());
            notes.extend((!row.note.is_empty()).then(|| format!("{}: {}", row.name, row.note)));
        }
        None => notes.push("no theoretical peak: this CPU is not in the table".into()),
    }
    const CLOCK_ERROR: f64 = 1.05;
    let faster =
        |rate: &&Rate| rate.theoretical_flop_per_s.is_some_and(|most| rate.measured_flop_per_s > CLOCK_ERROR * most);
    if let Some(rate) = flops.iter().find(faster) {
        notes.push(format!(
            "{} {} does more than the theory: this is another CPU than --cpu or /proc/cpuinfo says, or the table is wrong",
            rate.shape, rate.instruction
        ));
    }
    if cores.hybrid {
        notes.push("P-cores and E-cores together have no theoretical peak here".into());
    }
    if let Some(quota) = cores.quota {
        notes.push(format!("a control group allows {quota} CPUs' worth of time: less than what is used here"));
    }
    const NOTABLE: f64 = 0.95;
    let least = flops.iter().min_by(|a, b| a.cpu_share.total_cmp(&b.cpu_share));
    if let Some(least) = least.filter(|least| least.cpu_share < NOTABLE) {
        notes.push(format!(
            "other work, a quota or the hypervisor took time from the threads: {} had a CPU for {:.0} % of it at the least",
            least.threads,
            100.0 * least.cpu_share
        ));
    }
    notes.push(
        "bandwidth has no theoretical figure: neither /proc nor /sys tells the memory's channels and clock".into(),
    );
    notes
}
