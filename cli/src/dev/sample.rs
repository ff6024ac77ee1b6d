//! What `veto dev` sets up: the sample organization's projects, agents and policies.

/// The organization of the samples.
pub(super) const ORGANIZATION: &str = "sample";
/// The environment whose policies are published and whose agents get keys.
pub(super) const ENVIRONMENT: &str = "dev";

/// A project to set up.
pub(super) struct Project {
    /// Its id.
    pub(super) id: &'static str,
    /// Its environments; only [`ENVIRONMENT`] gets policies and keys.
    pub(super) environments: &'static [&'static str],
    /// Its agents.
    pub(super) agents: &'static [Agent],
    /// Its policies: path and text.
    pub(super) policies: &'static [(&'static str, &'static str)],
    /// Why they are published.
    pub(super) message: &'static str,
}

/// An agent to register.
pub(super) struct Agent {
    /// Its id, and the name of its key file.
    pub(super) id: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// Its only role.
    pub(super) role: &'static str,
    /// Who answers for it.
    pub(super) owner: &'static str,
}

/// The first project to look at.
pub(super) const DEMO: Project = Project {
    id: "demo",
    environments: &[ENVIRONMENT, "production"],
    agents: &[
        Agent {
            id: "support-bot",
            name: "Support assistant",
            role: "support",
            owner: "Ada Example <ada@sample.example>",
        },
        Agent {
            id: "research-bot",
            name: "Research assistant",
            role: "research",
            owner: "Grace Example <grace@sample.example>",
        },
    ],
    policies: &[
        (
            "support-refunds.yaml",
            include_str!("../../../examples/first/support-refunds.yaml"),
        ),
        (
            "research-reads.yaml",
            include_str!("../../../examples/first/research-reads.yaml"),
        ),
    ],
    message: "First policies: examples/first",
};

/// A file of the example, with its name.
macro_rules! agentdojo {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../examples/agentdojo/policies/", $name)),
        )
    };
}

/// The two assistants of the public benchmark.
pub(super) const AGENTDOJO: Project = Project {
    id: "agentdojo",
    environments: &[ENVIRONMENT],
    agents: &[
        Agent {
            id: "banking-assistant",
            name: "Banking assistant",
            role: "banking-assistant",
            owner: "Emma Johnson <emma.johnson@bluesparrowtech.com>",
        },
        Agent {
            id: "workspace-assistant",
            name: "Workspace assistant",
            role: "workspace-assistant",
            owner: "Emma Johnson <emma.johnson@bluesparrowtech.com>",
        },
    ],
    policies: &[
        agentdojo!("banking.yaml"),
        agentdojo!("banking-tools.yaml"),
        agentdojo!("contacts.yaml"),
        agentdojo!("payees.yaml"),
        agentdojo!("shapes.yaml"),
        agentdojo!("workspace.yaml"),
        agentdojo!("workspace-tools.yaml"),
    ],
    message: "Standing roles: examples/agentdojo",
};

/// A question that shows an outcome.
pub(super) struct Question {
    /// The tool.
    pub(super) tool: &'static str,
    /// Its arguments.
    pub(super) arguments: &'static str,
    /// What the answer shows.
    pub(super) shows: &'static str,
}

/// The three outcomes, asked by the first agent of [`DEMO`].
pub(super) const QUESTIONS: &[Question] = &[
    Question {
        tool: "payments.refund",
        arguments: r#"{"amount": 20, "currency": "EUR"}"#,
        shows: "allow: a small refund",
    },
    Question {
        tool: "customers.export",
        arguments: "{}",
        shows: "deny, with the rule's reason",
    },
    Question {
        tool: "payments.refund",
        arguments: r#"{"amount": 500, "currency": "EUR"}"#,
        shows: "approval: a large refund needs a person",
    },
];
