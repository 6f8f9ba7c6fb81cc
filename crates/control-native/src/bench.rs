//! Measurements of the host, for `cargo xtask bench` and people: durable appends against raw SQLite, memory per idle connection.
