//! The papers of the demo company: policies, handbooks and what few may see.

use chrono::{DateTime, Utc};
use documents::table::{Column, Orientation, Row, Table};
use documents::{Engine, Language};
use kernel::{Error, Result};

/// A document.
pub(super) struct Paper {
    pub(super) key: &'static str,
    pub(super) by: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) category: &'static str,
    pub(super) tags: &'static [&'static str],
    pub(super) readers: Readers,
    pub(super) versions: &'static [Version],
}

/// Who may see a document.
pub(super) enum Readers {
    Everybody,
    Shop,
    Roles(&'static [&'static str]),
    Nobody,
}

/// A version: a text, or a PDF of its articles when the file's name says so.
pub(super) struct Version {
    pub(super) file: &'static str,
    /// Year, month and day.
    pub(super) on: (i32, u32, u32),
    pub(super) note: &'static str,
    /// Articles: what each is about, and what it says.
    pub(super) articles: &'static [(&'static str, &'static str)],
}

impl Version {
    /// The bytes of its file, the same every time.
    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        if self.file.ends_with(".pdf") {
            return self.pdf();
        }
        let articles = self.articles.iter().zip(1..);
        let text: Vec<String> = articles
            .map(|((about, says), number)| format!("{number}. {about}\n\n{says}\n"))
            .collect();
        Ok(text.join("\n").into_bytes())
    }

    fn pdf(&self) -> Result<Vec<u8>> {
        let row = |(about, says): &(&str, &str)| Row::plain(vec![(*about).into(), (*says).into()]);
        let table = Table {
            language: Language::Es,
            title: self.file.trim_end_matches(".pdf").to_owned(),
            subtitle: String::new(),
            author: "Grupo Sol".to_owned(),
            footnote: String::new(),
            orientation: Orientation::Portrait,
            columns: vec![Column::text("Artículo"), Column::text("Texto")],
            rows: self.articles.iter().map(row).collect(),
            totals: Vec::new(),
            created_at: DateTime::<Utc>::UNIX_EPOCH,
        };
        let engine = Engine::shared().map_err(|error| Error::bug(error.to_string()))?;
        table
            .pdf(engine)
            .map_err(|error| Error::bug(error.to_string()))
    }
}

/// Who keeps the papers of the whole group.
const COMPLIANCE: &str = "nora.ibarra";
/// Who keeps those of the people of the shop.
const PEOPLE: &str = "carmen.molina";

pub(super) const PAPERS: &[Paper] = &[
    Paper {
        key: "conduct",
        by: COMPLIANCE,
        title: "Código de conducta",
        description: "Lo que el grupo espera de quienes trabajan en él, y adónde acudir.",
        category: "Políticas",
        tags: &["ética", "canal interno", "regalos"],
        readers: Readers::Everybody,
        versions: &[
            Version {
                file: "Código de conducta 2025.txt",
                on: (2025, 1, 13),
                note: "Primera edición",
                articles: &[
                    (
                        "Regalos",
                        "Nadie acepta regalos de proveedores por más de cincuenta euros.",
                    ),
                    (
                        "Conflictos de intereses",
                        "Quien tenga interés en un proveedor lo comunica y no decide compras \
                         con él.",
                    ),
                ],
            },
            Version {
                file: "Código de conducta 2026.pdf",
                on: (2026, 10, 30),
                note: "Añade el canal interno de información y la desconexión digital",
                articles: &[
                    (
                        "Regalos",
                        "Nadie acepta regalos de proveedores por más de treinta euros.",
                    ),
                    (
                        "Conflictos de intereses",
                        "Quien tenga interés en un proveedor lo comunica y no decide compras \
                         con él.",
                    ),
                    (
                        "Canal interno de información",
                        "Las irregularidades se comunican con confidencialidad; no hay \
                         represalias.",
                    ),
                    (
                        "Desconexión digital",
                        "Fuera de la jornada nadie tiene que contestar llamadas ni correos.",
                    ),
                ],
            },
        ],
    },
    Paper {
        key: "handbook",
        by: PEOPLE,
        title: "Manual de acogida de la ferretería",
        description: "Jornada, vacaciones, permisos y seguridad para quien empieza.",
        category: "Manuales",
        tags: &["acogida", "vacaciones", "permisos"],
        readers: Readers::Shop,
        versions: &[
            Version {
                file: "Manual de acogida.txt",
                on: (2025, 2, 3),
                note: "Primera edición",
                articles: &[
                    (
                        "Jornada",
                        "La jornada es de cuarenta horas semanales. El registro horario es diario.",
                    ),
                    (
                        "Vacaciones",
                        "Son treinta días naturales al año y se piden con dos meses de antelación.",
                    ),
                ],
            },
            Version {
                file: "Manual de acogida v2.txt",
                on: (2026, 3, 9),
                note: "Permiso parental y equipos de protección del taller",
                articles: &[
                    (
                        "Jornada",
                        "La jornada es de cuarenta horas semanales. El registro horario es diario.",
                    ),
                    (
                        "Vacaciones",
                        "Son treinta días naturales al año y se piden con dos meses de antelación.",
                    ),
                    (
                        "Permiso parental",
                        "Ocho semanas hasta que el menor cumpla ocho años, continuas o no.",
                    ),
                    (
                        "Seguridad en el taller",
                        "Gafas y guantes son obligatorios junto a las máquinas. Los equipos de \
                         protección se piden al encargado.",
                    ),
                ],
            },
        ],
    },
    Paper {
        key: "security",
        by: COMPLIANCE,
        title: "Information security policy",
        description: "Passwords, second factors, and what to do when a device is lost.",
        category: "Políticas",
        tags: &["security", "passwords"],
        readers: Readers::Everybody,
        versions: &[
            Version {
                file: "Information security policy.txt",
                on: (2025, 5, 19),
                note: "First edition",
                articles: &[(
                    "Passwords",
                    "Passwords have twelve characters or more and are never shared.",
                )],
            },
            Version {
                file: "Information security policy 2026.txt",
                on: (2026, 6, 1),
                note: "Second factors for everybody",
                articles: &[
                    (
                        "Passwords",
                        "Passwords have twelve characters or more and are never shared.",
                    ),
                    (
                        "Second factors",
                        "Everybody who logs in uses an authenticator application.",
                    ),
                    (
                        "Lost devices",
                        "A lost telephone or laptop is reported to support within the hour.",
                    ),
                ],
            },
        ],
    },
    Paper {
        key: "raises",
        by: COMPLIANCE,
        title: "Criterios de revisión salarial 2027",
        description: "Para quienes preparan la revisión; no se difunde.",
        category: "Personas",
        tags: &["salarios"],
        readers: Readers::Roles(&["hr_manager", "payroll_clerk"]),
        versions: &[Version {
            file: "Criterios de revisión salarial.txt",
            on: (2026, 11, 9),
            note: "Borrador",
            articles: &[(
                "Incremento",
                "El incremento general es el del convenio; el complemento depende de los \
                 objetivos.",
            )],
        }],
    },
    Paper {
        key: "board",
        by: "elena.campos",
        title: "Notas para el consejo de diciembre",
        description: "Borrador propio.",
        category: "Consejo",
        tags: &[],
        readers: Readers::Nobody,
        versions: &[Version {
            file: "Notas para el consejo.txt",
            on: (2026, 11, 18),
            note: "Borrador",
            articles: &[(
                "Ampliación",
                "Valorar la compra del local contiguo y la financiación de la ampliación.",
            )],
        }],
    },
];
