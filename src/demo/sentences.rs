//! What the demo says, in Spanish and in English.

use std::fmt::Write;
use std::net::SocketAddr;

use trastienda_core::demo::{Chapter, Demo, PASSWORD, USERS};

use crate::say::Text;

/// The first step.
pub fn services() -> Text {
    Text::new("Postgres y Redis privados", "Private Postgres and Redis")
}

/// The second step.
pub fn migrations() -> Text {
    Text::new("Migraciones", "Migrations")
}

/// The third step, chapter by chapter; `None` is the company itself.
pub fn chapter(chapter: Option<Chapter>) -> Text {
    match chapter {
        None => Text::new("Empresa de muestra", "Demo company"),
        Some(Chapter::People) => Text::new("Plantilla del grupo", "People of the group"),
        Some(Chapter::Payroll) => Text::new("Dos años de nóminas", "Two years of payrolls"),
        Some(Chapter::Catalogue) => Text::new("Catálogo y almacenes", "Catalogue and warehouses"),
        Some(Chapter::Trade) => Text::new(
            "Dos años de compras y ventas",
            "Two years of purchases and sales",
        ),
    }
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
