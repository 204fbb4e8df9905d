use sea_orm::ConnectionTrait as _;
use windlass_store::{Address, testing::url_of};

/// Frees what rows took before they were changed or deleted: PostgreSQL does it by itself, a little later.
pub(crate) async fn vacuum(address: &Address) {
    if matches!(address, Address::Postgres(_)) {
        let connection = sea_orm::Database::connect(url_of(address)).await.unwrap();
        connection.execute_unprepared("VACUUM").await.unwrap();
        connection.close().await.unwrap();
    }
}
