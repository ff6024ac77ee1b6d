//! The one place that turns an error code into a gRPC status, and back.

use std::collections::HashMap;

use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};
use veto_core::{Code, Kind};

/// `ErrorInfo.domain` of all of Veto's errors.
pub const DOMAIN: &str = "veto";

/// An error with a stable code and a text that its caller may read.
pub trait Coded: std::error::Error {
    /// The stable code.
    fn code(&self) -> Code;

    /// What the caller is told. The default is the error's own text; override it where that text
    /// says more than the caller may know.
    fn public(&self) -> String {
        self.to_string()
    }
}

/// Makes the status of a code, with `ErrorInfo` as detail.
pub fn status(code: Code, message: impl Into<String>) -> Status {
    with_details(code, message, HashMap::new(), &[])
}

/// Makes the status with metadata in its `ErrorInfo`, such as the sequence a ledger expects.
pub fn status_with(
    code: Code,
    message: impl Into<String>,
    metadata: impl IntoIterator<Item = (&'static str, String)>,
) -> Status {
    let metadata = metadata
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    with_details(code, message, metadata, &[])
}

/// Makes the status with field violations: pairs of field and description.
pub fn status_with_violations(
    code: Code,
    message: impl Into<String>,
    violations: &[(String, String)],
) -> Status {
    with_details(code, message, HashMap::new(), violations)
}

/// Makes the status of an error and logs what the caller is not told.
pub fn from_error(error: &(impl Coded + 'static)) -> Status {
    let code = error.code();
    if matches!(code.kind(), Kind::Internal | Kind::Unknown) {
        tracing::error!(
            code = code.as_str(),
            error = error as &dyn std::error::Error
        );
    }
    status(code, error.public())
}

/// Reads the stable code of a status that Veto made.
#[must_use]
pub fn code_of(status: &Status) -> Option<Code> {
    let details = status.get_error_details();
    details
        .error_info()
        .filter(|i| i.domain == DOMAIN)
        .and_then(|i| Code::parse(&i.reason))
}

/// Reads a value of the status's `ErrorInfo`.
#[must_use]
pub fn metadata_of(status: &Status, name: &str) -> Option<String> {
    status
        .get_error_details()
        .error_info()
        .and_then(|info| info.metadata.get(name).cloned())
}

/// Reads the field violations of a status.
#[must_use]
pub fn violations_of(status: &Status) -> Vec<(String, String)> {
    let details = status.get_error_details();
    let violations = details
        .bad_request()
        .map(|request| request.field_violations.clone());
    violations
        .unwrap_or_default()
        .into_iter()
        .map(|v| (v.field, v.description))
        .collect()
}

fn with_details(
    code: Code,
    message: impl Into<String>,
    metadata: HashMap<String, String>,
    violations: &[(String, String)],
) -> Status {
    let mut details = ErrorDetails::with_error_info(code.as_str(), DOMAIN, metadata);
    for (field, description) in violations {
        details.add_bad_request_violation(field, description);
    }
    Status::with_error_details(grpc_code(code.kind()), message, details)
}

const fn grpc_code(kind: Kind) -> tonic::Code {
    match kind {
        Kind::InvalidArgument => tonic::Code::InvalidArgument,
        Kind::Unauthenticated => tonic::Code::Unauthenticated,
        Kind::PermissionDenied => tonic::Code::PermissionDenied,
        Kind::NotFound => tonic::Code::NotFound,
        Kind::AlreadyExists => tonic::Code::AlreadyExists,
        Kind::FailedPrecondition => tonic::Code::FailedPrecondition,
        Kind::Aborted => tonic::Code::Aborted,
        Kind::ResourceExhausted => tonic::Code::ResourceExhausted,
        Kind::Unavailable => tonic::Code::Unavailable,
        Kind::Unknown => tonic::Code::Unknown,
        Kind::DeadlineExceeded => tonic::Code::DeadlineExceeded,
        Kind::Internal => tonic::Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_the_wire() {
        for code in Code::ALL {
            let made = status_with(*code, "text", [("expected_sequence", "7".to_owned())]);
            assert_eq!(code_of(&made), Some(*code));
            assert_eq!(
                metadata_of(&made, "expected_sequence").as_deref(),
                Some("7")
            );
            assert_ne!(made.code(), tonic::Code::Ok);
        }
    }

    #[test]
    fn a_status_of_others_has_no_code_of_ours() {
        assert_eq!(code_of(&Status::internal("x")), None);
    }

    #[test]
    fn violations_survive_the_wire() {
        let violations = [("a.yaml:1:2".to_owned(), "unknown-field: x".to_owned())];
        let made = status_with_violations(Code::InvalidPolicy, "1 error", &violations);
        assert_eq!(violations_of(&made), violations);
    }
}
