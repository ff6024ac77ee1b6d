//! Why a command did not succeed, and its exit code. Talk goes to stderr, so that stdout stays data.

use std::error::Error as _;
use std::io;
use std::process::ExitCode;

use tonic::Status;
use veto_core::Code;
use veto_wire::status::{code_of, violations_of};

use crate::output::Format;

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// A server answered with an error.
    #[error("{message}")]
    Refused {
        /// The stable code.
        code: Code,
        /// The server's words.
        message: String,
        /// What is wrong with which field.
        violations: Vec<(String, String)>,
    },
    /// A server did not answer.
    #[error("no answer from {server}")]
    Unreachable {
        /// Its part and address, as far as known.
        server: String,
        /// What the network says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer is deny, or approval; it was printed already.
    #[error("not allowed")]
    NotAllowed,
    /// A file cannot be read or written.
    #[error("cannot use `{path}`")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The checker found errors; they were printed already.
    #[error("{0}")]
    InvalidPolicies(String),
    /// Cases of a suite failed, or the suites show too little; what was printed already.
    #[error("{0}")]
    TestsFailed(String),
    /// Files are not formatted, or cannot be; which ones was printed already.
    #[error("{0}")]
    NotFormatted(String),
    /// Something was found, or differs; what was printed already.
    #[error("{0}")]
    Found(String),
    /// A replay missed what it must show.
    #[error("{0}")]
    PromiseMissed(String),
    /// The fleet did not enforce a version in time.
    #[error("{0}")]
    NotEnforced(String),
    /// Stdout cannot be written.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
    /// The command that `veto dev` ran did not succeed.
    #[error("the command ended with exit code {0}")]
    Command(u8),
    /// A part of `veto dev` did not start, or died.
    #[error("{message}")]
    Dev {
        /// The stable code.
        code: Code,
        /// What was being done.
        message: String,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// The stable code; none where the command worked and the answer is no.
    pub(crate) fn code(&self) -> Option<Code> {
        match self {
            Self::Usage(_) | Self::File { .. } => Some(Code::InvalidRequest),
            Self::Refused { code, .. } => Some(*code),
            Self::Unreachable { .. } => Some(Code::Unreachable),
            Self::NotAllowed
            | Self::NotFormatted(_)
            | Self::TestsFailed(_)
            | Self::Found(_)
            | Self::PromiseMissed(_)
            | Self::Command(_) => None,
            Self::InvalidPolicies(_) => Some(Code::InvalidPolicy),
            Self::NotEnforced(_) => Some(Code::DeadlineExceeded),
            Self::Dev { code, .. } => Some(*code),
            Self::Output(_) => Some(Code::Internal),
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Unreachable { .. } => 3,
            Self::Command(code) => *code,
            Self::Output(source) if source.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Refused { .. }
            | Self::NotAllowed
            | Self::File { .. }
            | Self::InvalidPolicies(_)
            | Self::NotFormatted(_)
            | Self::TestsFailed(_)
            | Self::Found(_)
            | Self::PromiseMissed(_)
            | Self::NotEnforced(_)
            | Self::Output(_)
            | Self::Dev { .. } => 1,
        }
    }

    /// Tells the reader on stderr and gives the exit code.
    pub(crate) fn report(&self, format: Format) -> ExitCode {
        let exit = self.exit_code();
        // A reader that closed the pipe has seen enough; an answer of no was printed as data.
        let silent = exit == 0 || matches!(self, Self::NotAllowed);
        if !silent {
            match format {
                Format::Table | Format::Yaml => self.tell(),
                Format::Json | Format::Jsonl => eprintln!("{}", self.as_json()),
            }
        }
        ExitCode::from(exit)
    }

    fn tell(&self) {
        match self.code() {
            Some(code) => eprintln!("error[{code}]: {}", self.with_causes()),
            None => eprintln!("error: {}", self.with_causes()),
        }
        if let Self::Refused { violations, .. } = self {
            for (field, description) in violations {
                eprintln!("  {field}: {description}");
            }
        }
        if let Some(code) = self.code() {
            eprintln!("  help: {}", code.help());
        }
    }

    fn as_json(&self) -> serde_json::Value {
        let code = self.code();
        serde_json::json!({ "error": {
            "code": code.map(Code::as_str),
            "message": self.with_causes(),
            "help": code.map(Code::help),
        }})
    }

    fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Many crates repeat the cause in the text of the effect.
            if !text.contains(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
            source = cause.source();
        }
        text
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        if let Some(code) = code_of(&status) {
            let violations = violations_of(&status);
            return Self::Refused {
                code,
                message: status.message().to_owned(),
                violations,
            };
        }
        // Without our detail it is not an answer of Veto: the transport speaks.
        let silence = [
            tonic::Code::Unavailable,
            tonic::Code::DeadlineExceeded,
            tonic::Code::Cancelled,
        ];
        if silence.contains(&status.code()) {
            return Self::Unreachable {
                server: "the server".to_owned(),
                source: Box::new(status),
            };
        }
        let message = format!("{:?}: {}", status.code(), status.message());
        Self::Refused {
            code: Code::Internal,
            message,
            violations: Vec::new(),
        }
    }
}
