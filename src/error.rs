//! The errors a user can meet. Each says what is wrong, where, and what to do about it.

use std::fmt;

/// Who has to act, and so which exit code the program ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Wrong usage or unreadable input: exit code 2.
    Input,
    /// flopledger itself failed, or this machine does not offer what was asked for: 125.
    Failed,
    /// The command exists but cannot be run: 126.
    CannotRun,
    /// The command was not found: 127.
    NotFound,
}

#[derive(Debug, Clone)]
pub struct Error {
    fault: Fault,
    message: String,
    remedy: Option<String>,
    brief: Option<String>,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    fn new(fault: Fault, message: impl Into<String>) -> Self {
        Error { fault, message: message.into(), remedy: None, brief: None }
    }

    pub fn input(message: impl Into<String>) -> Self {
        Self::new(Fault::Input, message)
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Fault::Failed, message)
    }

    pub fn cannot_run(message: impl Into<String>) -> Self {
        Self::new(Fault::CannotRun, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Fault::NotFound, message)
    }

    /// What the user can do about it, printed on a line of its own.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Puts the place (a file, a key) before the message.
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// The same fault and remedy, told otherwise.
    pub fn with_message(self, message: impl Into<String>) -> Self {
        Error { message: message.into(), ..self }
    }

    /// What is wrong, on one line: without the remedy.
    pub fn summary(&self) -> String {
        self.message.lines().next().unwrap_or_default().to_owned()
    }

    /// The cause in a few words, where it stands in a sentence of another.
    pub fn briefly(mut self, brief: impl Into<String>) -> Self {
        self.brief = Some(brief.into());
        self
    }

    /// The cause in a few words, or what is wrong on one line.
    pub fn brief(&self) -> String {
        self.brief.clone().unwrap_or_else(|| self.summary())
    }

    pub fn fault(&self) -> Fault {
        self.fault
    }

    pub fn exit_code(&self) -> u8 {
        match self.fault {
            Fault::Input => 2,
            Fault::Failed => 125,
            Fault::CannotRun => 126,
            Fault::NotFound => 127,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n  remedy: {remedy}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
