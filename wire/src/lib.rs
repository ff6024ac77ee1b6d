//! Where protobuf and domain types meet, for both planes.
