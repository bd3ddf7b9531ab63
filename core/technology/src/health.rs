//! How systems stand: worked out from their checks and open incidents, never stored.

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::SystemId;
use kernel::{Result, Tx};

kernel::text_enum! {
    /// How a system stands.
    pub enum SystemHealth {
        /// Nothing looks at it, or nothing has looked yet.
        Unknown = "UNKNOWN",
        /// All is well.
        Up = "UP",
        /// Something is wrong with it, but it works.
        Degraded = "DEGRADED",
        /// It is down: a major or critical incident is open.
        Down = "DOWN",
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = sql::Uuid)]
    id: SystemId,
    #[diesel(sql_type = sql::BigInt)]
    down: i64,
    #[diesel(sql_type = sql::BigInt)]
    minor: i64,
    #[diesel(sql_type = sql::BigInt)]
    failing: i64,
    #[diesel(sql_type = sql::BigInt)]
    passing: i64,
}

/// How some systems stand, in one statement. For those who see the systems; checks no permission.
pub async fn of(tx: &mut Tx, systems: &[SystemId]) -> Result<Vec<(SystemId, SystemHealth)>> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT s.id, \
            count(*) FILTER (WHERE i.severity <> 'MINOR') AS down, \
            count(*) FILTER (WHERE i.severity = 'MINOR') AS minor, \
            (SELECT count(*) FROM technology.system_check c \
                WHERE c.organisation_id = s.organisation_id AND c.system_id = s.id \
                    AND c.enabled AND c.status = 'FAILING') AS failing, \
            (SELECT count(*) FROM technology.system_check c \
                WHERE c.organisation_id = s.organisation_id AND c.system_id = s.id \
                    AND c.enabled AND c.status = 'PASSING') AS passing \
         FROM technology.system s LEFT JOIN technology.incident i \
            ON i.organisation_id = s.organisation_id AND i.system_id = s.id \
                AND i.resolved_at IS NULL \
         WHERE s.organisation_id = $1 AND s.id = ANY($2) GROUP BY s.organisation_id, s.id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(systems)
    .load(tx.conn())
    .await?;
    Ok(rows.iter().map(|row| (row.id, row.health())).collect())
}

impl Row {
    fn health(&self) -> SystemHealth {
        match self {
            Self { down: 1.., .. } => SystemHealth::Down,
            Self { minor: 1.., .. } | Self { failing: 1.., .. } => SystemHealth::Degraded,
            Self { passing: 1.., .. } => SystemHealth::Up,
            _ => SystemHealth::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_that_is_known_counts() {
        let row = |down, minor, failing, passing| Row {
            id: SystemId::generate(),
            down,
            minor,
            failing,
            passing,
        };
        assert_eq!(row(0, 0, 0, 0).health(), SystemHealth::Unknown);
        assert_eq!(row(0, 0, 0, 2).health(), SystemHealth::Up);
        assert_eq!(row(0, 0, 1, 2).health(), SystemHealth::Degraded);
        assert_eq!(row(0, 1, 0, 2).health(), SystemHealth::Degraded);
        assert_eq!(row(1, 1, 1, 2).health(), SystemHealth::Down);
    }
}
