//! What a check looks at: one of five probes, each with its own settings and bounds.

use std::net::IpAddr;

use async_graphql::{InputObject, OneofObject};
use directory::check::{self as input, Input};
use kernel::Fault;
use kernel::ids::ScheduleId;
use outbound::address::{Kind, kind_of};
use outbound::target::{Target, url};

use super::{CheckKind, CheckMethod, SystemCheck};
use crate::fault;

/// What a check looks at: exactly one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum ProbeInput {
    /// The answer to an HTTP request.
    Http(HttpProbeInput),
    /// Whether somebody listens at a port.
    Tcp(TcpProbeInput),
    /// When a certificate ends.
    TlsExpiry(TlsExpiryProbeInput),
    /// How many jobs of Trastienda wait, and for how long.
    Queue(QueueProbeInput),
    /// Whether the jobs of a schedule of Trastienda are done in time.
    Schedule(ScheduleProbeInput),
}

/// Asks a URL and looks at the answer. A redirect is an answer: it is not followed.
#[derive(Clone, Debug, InputObject)]
pub struct HttpProbeInput {
    /// The URL, http or https, without user and password.
    pub url: String,
    /// For the headers alone, or for the whole answer.
    #[graphql(default_with = "CheckMethod::Get")]
    pub method: CheckMethod,
    /// The status that is expected; any from 200 to 299 when absent.
    pub expected_status: Option<i32>,
    /// A text that the first 64 KiB of the answer contain, in at most 200 characters.
    pub expected_text: Option<String>,
}

/// Connects to a port and hangs up.
#[derive(Clone, Debug, InputObject)]
pub struct TcpProbeInput {
    /// The host and its port, `db.example.es:5432`.
    pub target: String,
}

/// Looks at a host's certificate.
#[derive(Clone, Debug, InputObject)]
pub struct TlsExpiryProbeInput {
    /// The host, with its port unless that is 443.
    pub target: String,
    /// Days before its end from which on it is a failure: 1 to 365.
    #[graphql(default = 14)]
    pub warn_days: i32,
}

/// Looks at the organisation's own jobs.
#[derive(Clone, Debug, InputObject)]
pub struct QueueProbeInput {
    /// The queue, the domain's name; all queues when absent.
    pub queue: Option<String>,
    /// Jobs that may wait.
    #[graphql(default = 100)]
    pub most_waiting: i32,
    /// Minutes that the oldest of them may wait: 1 to 10,080.
    #[graphql(default = 15)]
    pub most_minutes: i32,
}

/// Looks at the jobs of a schedule.
#[derive(Clone, Debug, InputObject)]
pub struct ScheduleProbeInput {
    /// The schedule.
    pub schedule: ScheduleId,
    /// Minutes after a tick by which its job is to be done, unless the schedule says itself.
    #[graphql(default = 60)]
    pub most_minutes: i32,
}

/// Points a check at what it is to look at.
pub(super) fn aim(row: &mut SystemCheck, probe: &ProbeInput, input: &mut Input, under: &str) {
    row.target = None;
    row.method = None;
    row.expected_status = None;
    row.expected_text = None;
    row.warn_days = None;
    row.queue = None;
    row.most_waiting = None;
    row.most_minutes = None;
    row.schedule_id = None;
    match probe {
        ProbeInput::Http(http) => aim_http(row, http, input, &format!("{under}.http")),
        ProbeInput::Tcp(tcp) => {
            row.kind = CheckKind::Tcp;
            let field = format!("{under}.tcp.target");
            row.target = input.try_take(&field, host(&tcp.target, None));
        }
        ProbeInput::TlsExpiry(tls) => {
            row.kind = CheckKind::TlsExpiry;
            let field = format!("{under}.tlsExpiry.target");
            row.target = input.try_take(&field, host(&tls.target, Some(443)));
            row.warn_days = Some(tls.warn_days);
            let field = format!("{under}.tlsExpiry.warnDays");
            within(input, &field, tls.warn_days, 1, 365);
        }
        ProbeInput::Queue(queue) => aim_queue(row, queue, input, &format!("{under}.queue")),
        ProbeInput::Schedule(schedule) => {
            row.kind = CheckKind::Schedule;
            row.schedule_id = Some(schedule.schedule);
            row.most_minutes = Some(schedule.most_minutes);
            let field = format!("{under}.schedule.mostMinutes");
            within(input, &field, schedule.most_minutes, 1, 10_080);
        }
    }
}

fn aim_http(row: &mut SystemCheck, http: &HttpProbeInput, input: &mut Input, under: &str) {
    row.kind = CheckKind::Http;
    row.target = input.try_take(&format!("{under}.url"), web(&http.url));
    row.method = Some(http.method);
    row.expected_status = http.expected_status;
    if let Some(status) = http.expected_status {
        within(input, &format!("{under}.expectedStatus"), status, 100, 599);
    }
    let field = format!("{under}.expectedText");
    let text = input::optional(http.expected_text.as_deref(), 200);
    row.expected_text = input.take(&field, text);
    let fits = row.expected_text.is_none() || http.method == CheckMethod::Get;
    input.check(fits, || {
        Fault::invalid(fault::TEXT_NEEDS_GET).at(field.split('.'))
    });
}

fn aim_queue(row: &mut SystemCheck, queue: &QueueProbeInput, input: &mut Input, under: &str) {
    row.kind = CheckKind::Queue;
    row.queue = queue.queue.as_deref().map(|name| name.trim().to_owned());
    row.most_waiting = Some(queue.most_waiting);
    row.most_minutes = Some(queue.most_minutes);
    let named = row.queue.as_deref().is_none_or(|name| {
        (1..=40).contains(&name.len()) && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    });
    input.check(named, || {
        let path = format!("{under}.queue");
        Fault::invalid(fault::QUEUE_INVALID).at(path.split('.'))
    });
    let field = format!("{under}.mostWaiting");
    within(input, &field, queue.most_waiting, 0, 1_000_000);
    let field = format!("{under}.mostMinutes");
    within(input, &field, queue.most_minutes, 1, 10_080);
}

/// Notes a number that is out of bounds.
pub(super) fn within(input: &mut Input, field: &str, value: i32, least: i32, most: i32) {
    input.check((least..=most).contains(&value), || {
        Fault::invalid(fault::OUT_OF_BOUNDS)
            .with("least", least)
            .with("most", most)
            .at(field.split('.'))
    });
}

/// A URL that may be asked, as far as can be told without resolving it.
fn web(text: &str) -> Result<String, Fault> {
    let text = input::text(text, 500)?;
    let malformed = |_| Fault::invalid(fault::ADDRESS_MALFORMED);
    let url = url(&text).map_err(malformed)?;
    let target = Target::of(&url).map_err(malformed)?;
    never(&target)?;
    Ok(url.to_string())
}

/// A host with a port that may be asked, as far as can be told without resolving it.
fn host(text: &str, default_port: Option<u16>) -> Result<String, Fault> {
    let text = input::text(text, 260)?;
    let target =
        Target::parse(&text, default_port).map_err(|_| Fault::invalid(fault::ADDRESS_MALFORMED))?;
    never(&target)?;
    Ok(match target.literal() {
        Some(IpAddr::V6(address)) => format!("[{address}]:{}", target.port()),
        _ => format!("{}:{}", target.host(), target.port()),
    })
}

/// Refuses at once what no operator can allow; the rest is decided when it is asked.
fn never(target: &Target) -> Result<(), Fault> {
    let Some(kind) = target.literal().map(kind_of) else {
        return Ok(());
    };
    if kind == Kind::Public || kind.is_listable() {
        return Ok(());
    }
    Err(Fault::invalid(fault::ADDRESS_FORBIDDEN)
        .with("host", target.host())
        .with("kind", kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_as_they_will_be_asked() {
        assert_eq!(
            web(" http://Example.ES/a b ").unwrap(),
            "http://example.es/a%20b"
        );
        assert_eq!(web("http://0x7f.1:80/").unwrap(), "http://127.0.0.1/");
        assert_eq!(host("Example.es", Some(443)).unwrap(), "example.es:443");
        assert_eq!(host("[fd00::7]:22", None).unwrap(), "[fd00::7]:22");
    }

    #[test]
    fn what_can_never_be_reached_is_refused_when_it_is_typed_in() {
        for bad in [
            "http://169.254.169.254/latest/meta-data/",
            "http://[::ffff:169.254.169.254]/",
            "http://2852039166/",
            "http://0.0.0.0/",
        ] {
            assert_eq!(
                web(bad).unwrap_err().reason,
                fault::ADDRESS_FORBIDDEN,
                "{bad}"
            );
        }
        for bad in ["ftp://example.es", "example.es", "http://u:p@example.es/"] {
            assert_eq!(
                web(bad).unwrap_err().reason,
                fault::ADDRESS_MALFORMED,
                "{bad}"
            );
        }
        assert_eq!(
            host("example.es", None).unwrap_err().reason,
            fault::ADDRESS_MALFORMED
        );
    }
}
