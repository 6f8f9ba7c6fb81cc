//! The store contract of `caisey-testkit` as a WebAssembly module: run in a Durable Object by tests/workerd, on the adapter that ships.
#![cfg_attr(not(target_arch = "wasm32"), allow(missing_docs))]
#![allow(unsafe_code)] // one exported name

#[cfg(target_arch = "wasm32")]
mod contract {
    use caisey_control::store::{Rows, Store, StoreError, Value};
    use caisey_control_worker::abi::{HostStore, log};

    /// The object's one database, emptied.
    struct Fresh(HostStore);

    impl Fresh {
        fn new() -> Self {
            let store = HostStore;
            // Tables that refer to others go first.
            let tables = store.exec("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid DESC", &[]);
            for row in tables.unwrap_or_default() {
                if let Some(Value::Text(name)) = row.first()
                    && !name.starts_with('_')
                    && !name.starts_with("sqlite_")
                {
                    let _ = store.script(&format!("DROP TABLE \"{name}\""));
                }
            }
            Self(store)
        }
    }

    impl Store for Fresh {
        fn exec(&self, sql: &str, params: &[Value]) -> Result<Rows, StoreError> {
            self.0.exec(sql, params)
        }
        fn script(&self, sql: &str) -> Result<(), StoreError> {
            self.0.script(sql)
        }
        fn tx(&self, body: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError> {
            self.0.tx(body)
        }
        fn size_bytes(&self) -> Result<u64, StoreError> {
            self.0.size_bytes()
        }
    }

    /// Traps when the contract is broken, after saying where.
    #[unsafe(no_mangle)]
    pub extern "C" fn contract() {
        std::panic::set_hook(Box::new(|panic| log(&panic.to_string())));
        caisey_testkit::contract::check(Fresh::new);
    }
}
