//! Answers calls, keeps no state that matters.
