//! The reference of the API, from the comments in the contract.

use std::collections::HashMap;
use std::fmt::Write as _;

use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

const SERVICE: i32 = 6;
const METHOD: i32 = 2;

pub(super) fn markdown() -> String {
    let set = FileDescriptorSet::decode(veto_proto::DESCRIPTORS).unwrap();
    let mut text = String::from(
        "# API\n\nGenerated from `proto/veto` by `make docs`; messages and fields are described there. \
         Requests of the data plane may have 512 KiB, all others 4 MiB.\n",
    );
    for file in set
        .file
        .iter()
        .filter(|file| file.package().starts_with("veto."))
    {
        let comments = comments(file);
        for (index, service) in (0_i32..).zip(&file.service) {
            let _ = write!(
                text,
                "\n## {}.{}\n\n{}\n\n| RPC | Request | Answer | |\n|---|---|---|---|\n",
                file.package(),
                service.name(),
                comments
                    .get(&vec![SERVICE, index])
                    .cloned()
                    .unwrap_or_default()
            );
            for (number, method) in (0_i32..).zip(&service.method) {
                let stream = |streams: bool| if streams { "stream of " } else { "" };
                let short = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
                let _ = writeln!(
                    text,
                    "| `{}` | {}`{}` | {}`{}` | {} |",
                    method.name(),
                    stream(method.client_streaming()),
                    short(method.input_type()),
                    stream(method.server_streaming()),
                    short(method.output_type()),
                    comments
                        .get(&vec![SERVICE, index, METHOD, number])
                        .cloned()
                        .unwrap_or_default()
                );
            }
        }
    }
    text
}

fn comments(file: &FileDescriptorProto) -> HashMap<Vec<i32>, String> {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    locations
        .map(|l| (l.path.clone(), joined(l.leading_comments())))
        .collect()
}
