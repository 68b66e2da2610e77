//! How hardware events are counted.

use clap::Args;

use crate::counter::perf::Perf;
use crate::counter::perf::calibration::Calibrate;
use crate::machine::Cpu;

#[derive(Args, Debug)]
pub struct PerfArgs {
    /// Run the command again for each set of hardware events that does not fit the counters
    #[arg(long)]
    passes: bool,
    /// Try the hardware events on programs of known FLOPs again, which else is done once a boot
    #[arg(long, conflicts_with = "no_calibrate")]
    recalibrate: bool,
    /// Take hardware events without having tried them
    #[arg(long)]
    no_calibrate: bool,
}

impl PerfArgs {
    pub fn perf(&self, cpu: Cpu) -> Perf {
        let calibrate = match (self.recalibrate, self.no_calibrate) {
            (true, _) => Calibrate::Again,
            (_, true) => Calibrate::Never,
            _ => Calibrate::OncePerBoot,
        };
        Perf { cpu, calibrate, passes: self.passes }
    }
}
