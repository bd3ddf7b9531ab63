//! What the demo says, in Spanish and in English.

use std::fmt::Write;
use std::net::SocketAddr;

use trastienda_core::demo::{Demo, PASSWORD, USERS};

use crate::say::Text;

/// The first step.
pub fn services() -> Text {
    Text::new("Postgres y Redis privados", "Private Postgres and Redis")
}

/// The second step.
pub fn migrations() -> Text {
    Text::new("Migraciones", "Migrations")
}

/// The third step.
pub fn company() -> Text {
    Text::new("Empresa de muestra", "Demo company")
}

/// After Ctrl-C.
pub fn stopped() -> Text {
    Text::new(
        "Todo detenido; los datos siguen en su sitio.",
        "All stopped; the data stay where they are.",
    )
}

/// Where to look, who may log in and a first request.
pub fn welcome(address: SocketAddr, slug: &str) -> Text {
    let mut es = format!("\nGraphiQL: http://{address}/graphiql\n");
    let mut en = es.clone();
    for user in USERS {
        let email = Demo::email(slug, user.name);
        let _ = writeln!(
            es,
            "  {email:32} {PASSWORD}  ({}: {})",
            user.full_name, user.duty_es
        );
        let _ = writeln!(
            en,
            "  {email:32} {PASSWORD}  ({}: {})",
            user.full_name, user.duty_en
        );
    }
    let email = Demo::email(slug, "marta.ruiz");
    let query = "mutation($i:SessionStartInput!){sessionStart(input:$i){accessToken}}";
    let example = format!(
        "\n  curl -s http://{address}/graphql -H 'content-type: application/json' -d '\n    \
         {{\"query\":\"{query}\",\"variables\":{{\"i\":{{\"email\":\"{email}\",\n     \
         \"password\":\"{PASSWORD}\",\"kind\":\"MOBILE\"}}}}}}'\n"
    );
    Text::new(
        es + &example + "\nCtrl-C para detener.",
        en + &example + "\nCtrl-C to stop.",
    )
}
