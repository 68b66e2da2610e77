//! What `--counter` of `run` asks for.

use crate::counter::{Choice, Reference};
use crate::{Error, Result};

pub struct Counters {
    pub choice: Choice,
    /// Once more, before, with the PMU's events.
    pub beside_perf: bool,
}

impl Counters {
    /// What another CPU's events would show can only be told where every instruction is seen.
    pub fn of(asked: &[Choice], reference: Option<&Reference>) -> Result<Counters> {
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
