//! What a command executed, beside the operators that its libraries said they ran.

use serde::Serialize;

use crate::counter::RunResult;
use crate::operators::Operators;

/// A result of `run` with one key more.
#[derive(Debug, Clone, Serialize)]
pub struct Logged {
    #[serde(flatten)]
    pub run: RunResult,
    pub operators: Operators,
}
