//! This replica's own voice, and how it judges those of others.

use tokio::sync::watch;
use tonic::Status;
use veto_core::Code;
use veto_identity::PeerName;
use veto_proto::raft::v1::Envelope;
use veto_wire::status::{code_of, from_error};

use crate::Error;
use crate::identity::{Identity, Known, compare};

/// Stamps what this replica says, and checks what it hears.
#[derive(Debug)]
pub(crate) struct Voice {
    identity: Identity,
    known: Known,
    /// Why this replica must say no more.
    fenced: watch::Sender<Option<Fence>>,
}

/// Why a replica must say no more: a peer said so, by name.
#[derive(Debug, Clone)]
pub(crate) struct Fence {
    pub(crate) code: Code,
    pub(crate) message: String,
}

impl Voice {
    pub(crate) fn new(identity: Identity, known: Known) -> Self {
        Self {
            identity,
            known,
            fenced: watch::Sender::new(None),
        }
    }

    pub(crate) fn cluster(&self) -> &str {
        &self.identity.file.cluster
    }

    pub(crate) fn node(&self) -> u64 {
        self.identity.file.node
    }

    /// Tells when this replica was fenced.
    pub(crate) fn fenced(&self) -> watch::Receiver<Option<Fence>> {
        self.fenced.subscribe()
    }

    /// The envelope of a message.
    pub(crate) fn to(&self, node: u64) -> Option<Envelope> {
        Some(Envelope {
            cluster: self.cluster().to_owned(),
            from: self.node(),
            to: node,
            incarnation: Some(self.identity.incarnation()),
            expected: self.known.of(node),
        })
    }

    /// Checks a message that came over a connection of `certified`; gives the speaker.
    pub(crate) fn check(
        &self,
        envelope: Option<&Envelope>,
        certified: Option<&PeerName>,
    ) -> Result<u64, Error> {
        let nobody = || Error::Certificate("the connection shows none".into());
        let certified = certified.ok_or_else(nobody)?;
        let missing = || Error::Certificate("the message does not say from whom it is".into());
        let envelope = envelope.ok_or_else(missing)?;
        self.of_cluster("the certificate", &certified.cluster)?;
        self.of_cluster("the message", &envelope.cluster)?;
        if envelope.from != certified.node {
            let problem = format!(
                "it is of member {}, and the message says {}",
                certified.node, envelope.from
            );
            return Err(Error::Certificate(problem));
        }
        if envelope.to != self.node() || envelope.from == self.node() {
            return Err(Error::MemberMismatch {
                what: "the message",
                theirs: envelope.to,
                ours: self.node(),
            });
        }
        // A replica that lost its storage must not act on anything before it hears that it did.
        if let Some(expected) = &envelope.expected
            && let Err(error) = compare(self.node(), expected, &self.identity.incarnation())
        {
            self.fence(&error);
            // Not by its own name: whoever asked would take it for their own fault, and end.
            return Err(Error::Stopped(error.to_string()));
        }
        let speaks = envelope.incarnation.as_ref().ok_or_else(missing)?;
        self.known.hear(envelope.from, speaks)?;
        Ok(envelope.from)
    }

    /// Checks an answer of the peer that was asked.
    pub(crate) fn check_answer(
        &self,
        asked: u64,
        envelope: Option<&Envelope>,
    ) -> Result<(), Error> {
        let certified = PeerName {
            cluster: self.cluster().to_owned(),
            node: asked,
        };
        // TLS has verified already that it is the one that was asked.
        self.check(envelope, Some(&certified)).map(drop)
    }

    /// Turns a peer's refusal into an error, and hears when it is about this replica itself.
    pub(crate) fn refused(&self, node: u64, status: &Status) -> Error {
        let Some(code) = code_of(status) else {
            return Error::Unreachable {
                node,
                problem: chain(status),
            };
        };
        let message = status.message().to_owned();
        if matches!(
            code,
            Code::MemberSuperseded | Code::MemberStorageLost | Code::MemberRemoved
        ) {
            let fence = Fence {
                code,
                message: format!("member {node} says: {message}"),
            };
            self.set_fence(fence);
        }
        Error::Refused {
            node,
            code,
            message,
        }
    }

    fn of_cluster(&self, what: &'static str, theirs: &str) -> Result<(), Error> {
        if theirs == self.cluster() {
            return Ok(());
        }
        Err(Error::ClusterMismatch {
            what,
            theirs: theirs.to_owned(),
            ours: self.cluster().to_owned(),
        })
    }

    fn fence(&self, error: &Error) {
        use veto_wire::status::Coded as _;
        self.set_fence(Fence {
            code: error.code(),
            message: error.to_string(),
        });
    }

    fn set_fence(&self, fence: Fence) {
        self.fenced.send_if_modified(|known| {
            let first = known.is_none();
            if first {
                tracing::error!(code = fence.code.as_str(), reason = fence.message, "fenced");
                *known = Some(fence);
            }
            first
        });
    }
}

/// A refusal that names its code.
pub(crate) fn refusal(error: &Error) -> Status {
    tracing::warn!(%error, "a peer is refused");
    from_error(error)
}

fn chain(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut source = std::error::Error::source(status);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use veto_core::clock::SeededEntropy;
    use veto_wire::status::Coded as _;

    use super::*;

    /// A replica of `cluster` in a directory of its own, which is kept.
    fn voice(cluster: &str, node: u64) -> (tempfile::TempDir, Voice) {
        let directory = tempfile::tempdir().unwrap();
        let entropy = SeededEntropy::new(node);
        let identity = Identity::create(directory.path(), cluster, node, &entropy).unwrap();
        let known = Known::read(directory.path()).unwrap();
        (directory, Voice::new(identity, known))
    }

    fn named(cluster: &str, node: u64) -> PeerName {
        PeerName {
            cluster: cluster.into(),
            node,
        }
    }

    #[test]
    fn whoever_is_not_meant_or_not_certified_is_refused_by_name() {
        let (_kept, one) = voice("c", 1);
        let (_kept, two) = voice("c", 2);
        let (_kept, other) = voice("d", 1);
        let said = |voice: &Voice, to| voice.to(to);
        let code = |by: &Voice, envelope: Option<Envelope>, shown: Option<PeerName>| {
            let refused = by.check(envelope.as_ref(), shown.as_ref());
            refused.map_err(|error| error.code())
        };
        let good = said(&one, 2);
        assert_eq!(code(&two, good.clone(), Some(named("c", 1))), Ok(1));
        let wrong = [
            (code(&two, good.clone(), None), Code::PeerCertificateInvalid),
            (
                code(&two, good.clone(), Some(named("c", 3))),
                Code::PeerCertificateInvalid,
            ),
            (
                code(&two, good.clone(), Some(named("d", 1))),
                Code::ClusterMismatch,
            ),
            (
                code(&two, said(&other, 2), Some(named("c", 1))),
                Code::ClusterMismatch,
            ),
            (
                code(&two, said(&one, 3), Some(named("c", 1))),
                Code::MemberMismatch,
            ),
            (
                code(&two, None, Some(named("c", 1))),
                Code::PeerCertificateInvalid,
            ),
            (
                code(&two, said(&two, 2), Some(named("c", 2))),
                Code::MemberMismatch,
            ),
        ];
        for (refused, expected) in wrong {
            assert_eq!(refused, Err(expected));
        }
        let silent = good.map(|envelope| Envelope {
            incarnation: None,
            ..envelope
        });
        let refused = code(&two, silent, Some(named("c", 1)));
        assert_eq!(refused, Err(Code::PeerCertificateInvalid));
        assert!(two.fenced().borrow().is_none(), "others' faults end nobody");
    }

    #[test]
    fn who_lost_its_storage_is_told_before_it_does_anything() {
        let (_kept, one) = voice("c", 1);
        let (_kept, two) = voice("c", 2);
        one.check(two.to(1).as_ref(), Some(&named("c", 2))).unwrap();
        let (_kept, mut again) = voice("c", 2);
        again.identity.file.storage = vec![9; 16];
        let refused = again.check(one.to(2).as_ref(), Some(&named("c", 1)));
        let status = refusal(&refused.unwrap_err());
        one.refused(2, &status);
        assert!(one.fenced().borrow().is_none(), "whoever asked goes on");
        let fence = again.fenced().borrow().clone().unwrap();
        assert_eq!(fence.code, Code::MemberStorageLost);
    }
}
