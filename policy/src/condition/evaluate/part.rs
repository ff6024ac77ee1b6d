//! Evaluates a part of a condition on its own.

use super::{Computed, Environment, Expression, Run, Value};

/// Computes an expression with the variables of the loops around it; takes what it costs from `steps`.
pub(in crate::condition) fn part<'a>(
    expression: &'a Expression,
    environment: &'a Environment<'a>,
    locals: Vec<Value<'a>>,
    steps: &mut u32,
) -> Computed<'a> {
    let mut run = Run {
        environment: Some(environment),
        locals,
        steps: *steps,
    };
    let value = run.value(expression);
    *steps = run.steps;
    value
}

/// Computes an expression that reads nothing of a call.
pub(in crate::condition) fn constant(expression: &Expression, steps: u32) -> Computed<'_> {
    let mut run = Run {
        environment: None,
        locals: Vec::new(),
        steps,
    };
    run.value(expression)
}
