//! Credentials and trace context of a request.

use tonic::metadata::MetadataMap;
use tonic::{Request, Status};
use veto_core::Code;

use crate::status::status;

/// Where a call comes from, after W3C Trace Context (`traceparent`, version 00).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace_id: [u8; 16],
    /// The caller's span.
    pub span_id: [u8; 8],
    /// Whether the caller records it.
    pub sampled: bool,
}

/// Reads the bearer credential.
///
/// # Errors
/// CREDENTIAL_MISSING when there is none; CREDENTIAL_INVALID when the header is not `Bearer <text>`.
pub fn bearer(metadata: &MetadataMap) -> Result<&str, Status> {
    let missing = || status(Code::CredentialMissing, "no `authorization` metadata");
    let invalid = || {
        status(
            Code::CredentialInvalid,
            "`authorization` is not `Bearer <credential>`",
        )
    };
    let value = metadata.get("authorization").ok_or_else(missing)?;
    let text = value.to_str().map_err(|_| invalid())?;
    let (scheme, credential) = text.split_once(' ').ok_or_else(invalid)?;
    if !scheme.eq_ignore_ascii_case("bearer") || credential.is_empty() {
        return Err(invalid());
    }
    Ok(credential)
}

/// Adds the bearer credential to a request.
///
/// # Errors
/// CREDENTIAL_INVALID when the credential cannot stand in a header.
pub fn authorize<T>(request: &mut Request<T>, credential: &str) -> Result<(), Status> {
    let value = format!("Bearer {credential}").parse();
    let value = value.map_err(|_| status(Code::CredentialInvalid, "the credential is not text"))?;
    request.metadata_mut().insert("authorization", value);
    Ok(())
}

/// Reads the trace context; one that is malformed counts as absent, as the standard asks.
#[must_use]
pub fn traceparent(metadata: &MetadataMap) -> Option<TraceContext> {
    parse_traceparent(metadata.get("traceparent")?.to_str().ok()?)
}

fn parse_traceparent(text: &str) -> Option<TraceContext> {
    let mut parts = text.split('-');
    let version = hex::<1>(parts.next()?)?;
    let (trace_id, span_id) = (hex::<16>(parts.next()?)?, hex::<8>(parts.next()?)?);
    let flags = hex::<1>(parts.next()?)?;
    let too_long = version == [0] && parts.next().is_some();
    if version == [0xff] || too_long || trace_id == [0; 16] || span_id == [0; 8] {
        return None;
    }
    Some(TraceContext {
        trace_id,
        span_id,
        sampled: flags[0] & 1 == 1,
    })
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::code_of;

    #[test]
    fn a_bearer_credential_is_read_or_refused_by_code() {
        let mut metadata = MetadataMap::new();
        assert_eq!(
            code_of(&bearer(&metadata).unwrap_err()),
            Some(Code::CredentialMissing)
        );
        for bad in ["Bearer", "Basic abc", "Bearer "] {
            metadata.insert("authorization", bad.parse().unwrap());
            assert_eq!(
                code_of(&bearer(&metadata).unwrap_err()),
                Some(Code::CredentialInvalid)
            );
        }
        metadata.insert("authorization", "bearer abc".parse().unwrap());
        assert_eq!(bearer(&metadata).unwrap(), "abc");
    }

    #[test]
    fn a_trace_context_follows_the_standard() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let context = parse_traceparent(good).unwrap();
        assert_eq!(
            (context.trace_id[0], context.span_id[7], context.sampled),
            (0x0a, 0x31, true)
        );
        assert!(
            parse_traceparent(&good.replacen("00", "cc", 1)).is_some(),
            "later versions"
        );
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        ] {
            assert_eq!(parse_traceparent(bad), None, "{bad}");
        }
    }
}
