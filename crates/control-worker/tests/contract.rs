//! The store contract, in a Durable Object.

use crate::workerd::Workerd;

#[tokio::test]
async fn a_durable_object_keeps_the_contract() {
    let data = tempfile::tempdir().unwrap();
    let workerd = Workerd::start("tests/contract/config.capnp", data.path(), &[]);
    let url = format!("http://127.0.0.1:{}/", workerd.port);
    let said = reqwest::get(url).await.unwrap().text().await.unwrap();
    assert_eq!(said, "kept");
}
