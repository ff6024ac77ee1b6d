//! openraft and rocksdb behind one handle.
