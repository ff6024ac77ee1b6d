//! The stable codes of the checker. A code is never renamed or reused; the reference in `docs` is
//! generated from this table.

use std::fmt;

macro_rules! codes {
    ($($name:ident = $text:literal, $summary:literal, $help:literal;)*) => {
        /// The stable code of a finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DiagnosticCode {
            $(#[doc = $summary] $name,)*
        }

        impl DiagnosticCode {
            /// Every code, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code as it stands in reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// What was found, in a sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$name => $summary),* }
            }

            /// What to do about it.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$name => $help),* }
            }
        }
    };
}

codes! {
    YamlSyntax = "yaml-syntax",
        "The text is not YAML.",
        "Correct the text at the mark; YAML 1.2 is read, with spaces for indentation.";
    YamlTooLarge = "yaml-too-large",
        "A file is larger, deeper or has more parts than a policy file may.",
        "Split it: a file holds at most 1 MiB, 32 levels, 50,000 values and 1,000 documents.";
    YamlAnchor = "yaml-anchor",
        "Anchors, aliases and merge keys are not part of the language.",
        "Write the value out; share values between rules with a `List`.";
    YamlTag = "yaml-tag",
        "Tags are not part of the language.",
        "Remove the tag; quote a value that must be text.";
    DuplicateKey = "duplicate-key",
        "A mapping has the same key twice.",
        "Keep one of them: which one counts would be a guess.";
    EmptyFile = "empty-file",
        "A file holds no document.",
        "Remove the file, or write a policy into it.";
    UnknownField = "unknown-field",
        "A field is not part of the language here.",
        "Correct its name or remove it; nothing is ignored.";
    MissingField = "missing-field",
        "A field that must stand here is missing.",
        "Add it.";
    WrongType = "wrong-type",
        "A value is of another type than its field.",
        "Write the type that the message asks for.";
    InvalidValue = "invalid-value",
        "A value is of the right type and not allowed.",
        "Write one of the values that the message allows.";
    UnknownVersion = "unknown-version",
        "`apiVersion` names a language that this software does not speak.",
        "Write `apiVersion: veto/v1`.";
    UnknownKind = "unknown-kind",
        "`kind` names no kind of document.",
        "Write `kind: Policy` or `kind: List`.";
    NotSupported = "not-supported",
        "A part of the language is reserved and does not work yet.",
        "Remove it: it is refused so that nobody relies on it before it is enforced.";
    InvalidName = "invalid-name",
        "A name breaks its grammar.",
        "Use 1 to 63 characters of a-z, 0-9, `-`, `_` and `.`; lists use `[a-z][a-z0-9_]*`.";
    DuplicateName = "duplicate-name",
        "Two documents of a kind, or two rules of a policy, have the same name.",
        "Rename one of them: records and approvals refer to rules by name.";
    EmptyList = "empty-list",
        "Something is listed that needs at least one entry, and the list is empty.",
        "Add an entry, or remove the rule.";
    InvalidGlob = "invalid-glob",
        "A glob for tools or agents is malformed.",
        "`*` matches within a segment and `**` across segments; segments are separated by `.` or `/`.";
    MissingArguments = "missing-arguments",
        "An `allow` does not state its arguments.",
        "List the arguments with their schemas, `arguments: {}` for none, or `arguments: any` said out loud.";
    UnknownOptional = "unknown-optional",
        "`optional` names an argument that `arguments` does not list.",
        "Correct the name, or add the argument.";
    InvalidSchema = "invalid-schema",
        "The schema of an argument is not valid JSON Schema 2020-12.",
        "Correct the keyword that the message names.";
    UnknownKeyword = "unknown-keyword",
        "A schema has a keyword that JSON Schema 2020-12 does not know.",
        "Correct its name: an unknown keyword would check nothing.";
    SchemaReference = "schema-reference",
        "A schema refers to something that it may not refer to.",
        "Use `$ref: '#/$defs/name'` within the same schema, without cycles.";
    InvalidPattern = "invalid-pattern",
        "A regular expression is malformed, too large, or needs more than linear time.",
        "Use RE2 syntax of at most 512 bytes: no look-around, no back-references.";
    UnknownList = "unknown-list",
        "A list is used that the policy set does not define.",
        "Correct the name, or add a document of `kind: List`.";
    ConditionSyntax = "condition-syntax",
        "A condition is not a CEL expression.",
        "Correct the text at the mark.";
    ConditionTooLarge = "condition-too-large",
        "A condition is longer, deeper or costlier than it may be.",
        "A condition has at most 4 KiB, 1,000 nodes, 32 levels, and loops nested twice.";
    UnknownVariable = "unknown-variable",
        "A condition reads a variable that does not exist.",
        "Use `args`, `agent`, `user`, `tool`, `env`, `request`, `context`, `lists`, or a variable of a loop.";
    UnknownProperty = "unknown-property",
        "A condition reads a property that its variable does not have.",
        "Correct the name; see the reference of condition variables.";
    UnknownArgument = "unknown-argument",
        "A condition reads an argument that the rule's closed `arguments` does not list.",
        "Correct the name, or list the argument: as it stands the condition always fails.";
    UnknownFunction = "unknown-function",
        "A condition calls a function that does not exist.",
        "Correct the name; see the reference of condition functions.";
    ConditionType = "condition-type",
        "A condition uses a value of a type that the operation does not take.",
        "Convert the value, or correct the operation; the condition as a whole must be true or false.";
    ConditionNever = "condition-never",
        "A condition compares with a value that the schema rules out.",
        "Correct the value, or the schema: as it stands the comparison always has the same result.";
    ConditionConstant = "condition-constant",
        "A condition, or a part of it, is the same for every call.",
        "Remove it, or let it read the call: `true` and `1 == 1` decide nothing.";
    OptionalUnchecked = "optional-unchecked",
        "The condition of an allow reads what may be left out.",
        "Ask first with `has(args.name) && …`, or read it as `args.?name.orValue(…)`: reading what is absent fails.";
    MissingApproval = "missing-approval",
        "A rule may need an approval, and nobody is named who could give it.",
        "Add `approval: { approvers: [role:...] }` to the rule or once to the policy.";
    UnusedField = "unused-field",
        "A field has no effect where it stands.",
        "Remove it, or move it to where it works.";
    DenyBesideAny = "deny-beside-any",
        "A deny filters by value beside an allow that takes any arguments.",
        "List the arguments on the allow: what the deny does not foresee is allowed.";
    OpenObject = "open-object",
        "An object inside an argument accepts properties that the schema does not list.",
        "Add `additionalProperties: false`, or list what may stand there.";
    UnknownSchema = "unknown-schema",
        "A `use` names a schema that nobody defines.",
        "Correct the name, add it to the policy's `definitions`, or add a document of `kind: Schema`.";
    UnreachableRule = "unreachable-rule",
        "A rule can never match a call.",
        "Correct what contradicts itself, or remove the rule.";
    ShadowedRule = "shadowed-rule",
        "A stricter rule matches every call that a rule is for, so the rule decides nothing.",
        "Remove the rule, or make the stricter one narrower: of the rules that match, the strictest wins, whatever their order.";
    RedundantRule = "redundant-rule",
        "Another rule with the same effect matches every call that a rule matches.",
        "Remove one of the two, or make them differ.";
    UnmatchedTool = "unmatched-tool",
        "A rule names tools that nobody registered.",
        "Correct the name, or register the tool with a document of `kind: Tool`.";
    UnmatchedSubject = "unmatched-subject",
        "A policy names roles or agents that nobody knows.",
        "Correct the name, or remove it.";
    AllowAll = "allow-all",
        "An allow opens every tool for any arguments.",
        "Name the tools, list the arguments, or add a condition.";
    FilterWithoutContract = "filter-without-contract",
        "A rule filters by value on a tool without a contract, beside an allow that takes any arguments.",
        "Register the tool with a document of `kind: Tool`, or list the arguments on the allow: an argument that is spelled differently passes both.";
    UnanchoredPattern = "unanchored-pattern",
        "A pattern of an allow leaves open what stands before or behind the match.",
        "Write `^…$`: patterns search, so what is not anchored may stand anywhere in the text.";
    UntypedBound = "untyped-bound",
        "A bound of an allow is about one type, and values of other types pass.",
        "Add the `type` beside the bound.";
    UnusedName = "unused-name",
        "A list, a schema or a definition is used nowhere.",
        "Use it, or remove it.";
    UnusedAcceptance = "unused-acceptance",
        "A comment accepts a finding that there is not.",
        "Remove the comment, or correct the code in it; it stands on the line of the finding or right above it.";
    LintIncomplete = "lint-incomplete",
        "Rules were not compared with each other, since the set has too many pairs.",
        "Name tools and subjects more narrowly, or check the set in parts.";
}

impl fmt::Display for DiagnosticCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl DiagnosticCode {
    /// Reads a code back from its text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_read_back() {
        let texts: BTreeSet<_> = DiagnosticCode::ALL
            .iter()
            .map(|code| code.as_str())
            .collect();
        assert_eq!(texts.len(), DiagnosticCode::ALL.len());
        for code in DiagnosticCode::ALL {
            assert_eq!(DiagnosticCode::parse(code.as_str()), Some(*code));
            assert!(code.summary().ends_with('.') && code.help().ends_with('.'));
        }
    }
}
