//! What the demo company tells its people and keeps for them: announcements with who has read them,
//! and documents with their versions, all by the domain's own commands.

mod papers;

use administration::announcement::{
    self, AnnouncementAcknowledgeInput, AnnouncementCreateInput, AnnouncementPublishInput,
    AnnouncementReadInput, AudienceInput,
};
use administration::document::{
    self, DocumentCreateInput, DocumentReaders, DocumentVersionAddInput,
};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use directory::Keys;
use directory::file::{FileStore, StagedUploadCreateInput, receive, stage};
use kernel::ids::{AnnouncementId, DocumentId, RoleId, StagedUploadId};
use kernel::{Db, Error, Result, Tx};

use self::papers::{PAPERS, Paper, Readers, Version};
use super::{Cast, Demo, Making, numbers};

/// Who writes what concerns everybody.
const OWNER: &str = "elena.campos";
/// Who writes what concerns the people of the shop.
const PEOPLE: &str = "carmen.molina";

/// Furnishes the office of the demo company of a short name: what is there already is left alone,
/// so that an interrupted furnishing goes on.
pub fn furnish<'a>(
    db: &'a Db,
    keys: &'a Keys,
    store: &'a FileStore,
    slug: &'a str,
) -> Making<'a, ()> {
    Box::pin(furnished(db, keys, store, slug))
}

async fn furnished(db: &Db, keys: &Keys, store: &FileStore, slug: &str) -> Result<()> {
    let demo = Demo::named(slug);
    let cast = Cast::of(db, keys, slug).await?;
    for word in WORDS {
        tell(db, &cast, demo, word).await?;
    }
    for paper in PAPERS {
        keep(db, store, &cast, demo, paper).await?;
    }
    Ok(())
}

/// What is told.
struct Word {
    key: &'static str,
    by: &'static str,
    /// Year, month and day; written in the morning.
    on: (i32, u32, u32),
    to: To,
    pinned: bool,
    acknowledged: bool,
    published: bool,
    title: (&'static str, &'static str),
    body: (&'static str, &'static str),
    /// Who has read it, and who has acknowledged it too.
    read: &'static [&'static str],
    agreed: &'static [&'static str],
}

/// Whom something is told.
enum To {
    All,
    Shop,
    Roles(&'static [&'static str]),
}

const WORDS: &[Word] = &[
    Word {
        key: "conduct",
        by: OWNER,
        on: (2026, 11, 2),
        to: To::All,
        pinned: true,
        acknowledged: true,
        published: true,
        title: (
            "Nuevo código de conducta y canal interno de información",
            "New code of conduct and internal speak-up line",
        ),
        body: (
            "Desde hoy rige el nuevo código de conducta del grupo. Está en Documentos, en la \
             categoría Políticas.\n\nEl canal interno de información permite avisar de cualquier \
             irregularidad con confidencialidad, también de forma anónima, como pide la Ley \
             2/2023.\n\nLea el código y confirme que lo ha leído.",
            "The group's new code of conduct applies from today. You find it in Documents, under \
             Políticas.\n\nThe internal speak-up line takes reports of any irregularity in \
             confidence, also without a name, as Ley 2/2023 asks.\n\nRead the code and \
             acknowledge that you have.",
        ),
        read: &["diego.navarro", "hugo.santos", "leo.marin"],
        agreed: &[
            "marta.ruiz",
            "javier.ortega",
            "lucia.fernandez",
            "pablo.serrano",
            "nora.ibarra",
        ],
    },
    Word {
        key: "christmas",
        by: PEOPLE,
        on: (2026, 11, 16),
        to: To::Shop,
        pinned: false,
        acknowledged: false,
        published: true,
        title: (
            "Horario de Navidad de las tiendas",
            "Christmas opening hours of the shops",
        ),
        body: (
            "Los días 24 y 31 de diciembre las tiendas cierran a las 14:30. El 5 de enero abren \
             hasta las 21:00; quien trabaje esa tarde libra el día 7.",
            "On 24 and 31 December the shops close at 14:30. On 5 January they are open until \
             21:00; whoever works that evening is off on the 7th.",
        ),
        read: &["pablo.serrano", "oscar.diez"],
        agreed: &[],
    },
    Word {
        key: "closing",
        by: OWNER,
        on: (2026, 11, 20),
        to: To::Roles(&["accountant", "payroll_clerk", "treasurer"]),
        pinned: false,
        acknowledged: false,
        published: true,
        title: (
            "Cierre contable de noviembre",
            "Closing of the books of November",
        ),
        body: (
            "Las facturas de noviembre se registran hasta el 4 de diciembre. La nómina se aprueba \
             el día 25 y las órdenes de pago salen el 27.",
            "Invoices of November are entered until 4 December. Payroll is approved on the 25th \
             and payment orders leave on the 27th.",
        ),
        read: &["lucia.fernandez"],
        agreed: &[],
    },
    Word {
        key: "open-day",
        by: PEOPLE,
        on: (2026, 11, 23),
        to: To::Shop,
        pinned: false,
        acknowledged: false,
        published: false,
        title: ("Jornada de puertas abiertas", "Open day"),
        body: (
            "El sábado 12 de diciembre enseñamos el taller a las familias. Falta confirmar la \
             hora.",
            "On Saturday 12 December we show the workshop to the families. The hour is still to be \
             confirmed.",
        ),
        read: &[],
        agreed: &[],
    },
];

async fn tell(db: &Db, cast: &Cast, demo: Demo, word: &Word) -> Result<()> {
    let id = AnnouncementId(demo.id(&format!("announcement/{}", word.key)));
    let written = morning(word.on)?;
    let mut tx = db.begin(&cast.at(word.by, written)?).await?;
    if announcement::find(&mut tx, id).await?.is_some() {
        return tx.rollback().await;
    }
    let text = |text: &str| text.to_owned();
    let draft = AnnouncementCreateInput {
        id: Some(id),
        title_es: text(word.title.0),
        body_es: text(word.body.0),
        title_en: Some(text(word.title.1)),
        body_en: Some(text(word.body.1)),
        audience: match word.to {
            To::All => AudienceInput::All(true),
            To::Shop => AudienceInput::Companies(vec![demo.company]),
            To::Roles(keys) => AudienceInput::Roles(roles(&mut tx, keys).await?),
        },
        publish_at: None,
        expires_at: None,
        pinned: word.pinned,
        requires_acknowledgement: word.acknowledged,
    };
    announcement::create(&mut tx, draft).await?;
    if word.published {
        let publish = AnnouncementPublishInput {
            id,
            expected_version: None,
        };
        announcement::publish(&mut tx, publish).await?;
    }
    tx.commit().await?;
    for (hour, reader) in (1_i64..).zip(word.read.iter().chain(word.agreed)) {
        let at = written + TimeDelta::hours(hour);
        let mut tx = db.begin(&cast.at(reader, at)?).await?;
        if word.agreed.contains(reader) {
            announcement::acknowledge(&mut tx, AnnouncementAcknowledgeInput { id }).await?;
        } else {
            announcement::read(&mut tx, AnnouncementReadInput { id }).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

async fn keep(db: &Db, store: &FileStore, cast: &Cast, demo: Demo, paper: &Paper) -> Result<()> {
    let id = DocumentId(demo.id(&format!("document/{}", paper.key)));
    let mut tx = db.begin(&cast.at(paper.by, db.clock().now())?).await?;
    let known = document::find(&mut tx, id).await?;
    tx.rollback().await?;
    let kept = known.map_or(0, |document| document.versions);
    for (number, version) in (1_i32..).zip(paper.versions) {
        if number <= kept {
            continue;
        }
        let upload = put(db, store, cast, paper.by, version).await?;
        let mut tx = db.begin(&cast.at(paper.by, morning(version.on)?)?).await?;
        if number == 1 {
            let new = described(&mut tx, demo, id, paper, upload).await?;
            document::create(&mut tx, new).await?;
        } else {
            let add = DocumentVersionAddInput {
                document: id,
                expected_version: None,
                upload,
                note: Some(version.note.to_owned()),
            };
            document::add(&mut tx, add).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Announces a version's file, now, and puts its bytes.
async fn put(
    db: &Db,
    store: &FileStore,
    cast: &Cast,
    by: &str,
    version: &Version,
) -> Result<StagedUploadId> {
    let bytes = Bytes::from(version.bytes()?);
    let mut tx = db.begin(&cast.at(by, db.clock().now())?).await?;
    let announced = StagedUploadCreateInput {
        id: None,
        name: version.file.to_owned(),
        size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
    };
    let (upload, path) = stage(&mut tx, store, announced).await?;
    tx.commit().await?;
    let ticket = path.rsplit('/').next().unwrap_or_default();
    receive(db, store, ticket, bytes).await?;
    Ok(upload.id)
}

async fn described(
    tx: &mut Tx,
    demo: Demo,
    id: DocumentId,
    paper: &Paper,
    upload: StagedUploadId,
) -> Result<DocumentCreateInput> {
    let readers = match paper.readers {
        Readers::Everybody => DocumentReaders::Organisation(true),
        Readers::Shop => DocumentReaders::Company(demo.company),
        Readers::Roles(keys) => DocumentReaders::Roles(roles(tx, keys).await?),
        Readers::Nobody => DocumentReaders::Private(true),
    };
    Ok(DocumentCreateInput {
        id: Some(id),
        title: paper.title.to_owned(),
        description: Some(paper.description.to_owned()),
        category: paper.category.to_owned(),
        tags: paper.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        readers,
        company: None,
        retain_until_date: None,
        upload: Some(upload),
    })
}

async fn roles(tx: &mut Tx, keys: &[&str]) -> Result<Vec<RoleId>> {
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let role = directory::role::find_by_key(tx, key).await?;
        let role = role.ok_or_else(|| Error::bug(format!("no role {key}")))?;
        found.push(role.id);
    }
    Ok(found)
}

/// Eight in the morning of a day.
fn morning((year, month, day): (i32, u32, u32)) -> Result<DateTime<Utc>> {
    let midnight = numbers::day(year, month, day)?
        .0
        .and_time(chrono::NaiveTime::MIN);
    Ok(midnight.and_utc() + TimeDelta::hours(8))
}
