//! A mail server of the tests: SMTP on a port of this machine, with a state for each address. The
//! worker of the suite sends all of its mails here.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex};

use mailin::response::{INTERNAL_ERROR, NO_MAILBOX, OK};
use mailin::{Action, Handler, Response, SessionBuilder};
use trastienda_core::mail::{MailSettings, Security};

/// The server of all tests.
pub static POST_OFFICE: LazyLock<PostOffice> = LazyLock::new(|| PostOffice::open(0));

/// How mail to an address is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It is taken.
    Taking,
    /// It is to be tried again later.
    Busy,
    /// It is refused for good.
    Refusing,
}

/// A server that takes mail.
pub struct PostOffice {
    pub port: u16,
    book: Arc<Book>,
}

#[derive(Default)]
struct Book {
    moods: Mutex<HashMap<String, Mood>>,
    letters: Mutex<Vec<(String, String)>>,
}

impl PostOffice {
    /// Opens at a port, or at any free one for 0, until the process ends.
    pub fn open(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let book = Arc::new(Book::default());
        let kept = book.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let book = book.clone();
                std::thread::spawn(move || serve(stream, book));
            }
        });
        Self { port, book: kept }
    }

    /// How a mailer reaches it.
    pub fn settings(&self) -> MailSettings {
        settings(self.port)
    }

    /// Meets mail to an address in a mood from now on.
    pub fn meet(&self, address: &str, mood: Mood) {
        let mut moods = self.book.moods.lock().expect("the moods");
        moods.insert(address.to_owned(), mood);
    }

    /// The letters that an address got, as they came.
    pub fn letters(&self, address: &str) -> Vec<String> {
        let letters = self.book.letters.lock().expect("the letters");
        let own = letters.iter().filter(|(to, _)| to == address);
        own.map(|(_, letter)| letter.clone()).collect()
    }
}

/// How a mailer reaches a port of this machine.
pub fn settings(port: u16) -> MailSettings {
    MailSettings {
        server: Some("127.0.0.1".to_owned()),
        port: Some(port),
        security: Security::None,
        ..MailSettings::default()
    }
}

/// One client's session.
fn serve(stream: TcpStream, book: Arc<Book>) -> io::Result<()> {
    let clerk = Clerk {
        book,
        to: String::new(),
        letter: Vec::new(),
    };
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut session = SessionBuilder::new("correo.example").build(ip, clerk);
    let mut writer = stream.try_clone()?;
    answer(&mut writer, &session.greeting())?;
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let response = session.process(&line);
        line.clear();
        answer(&mut writer, &response)?;
        if response.action == Action::Close {
            break;
        }
    }
    Ok(())
}

fn answer(writer: &mut TcpStream, response: &Response) -> io::Result<()> {
    if response.action == Action::NoReply {
        return Ok(());
    }
    let mut text = Vec::new();
    response.write_to(&mut text)?;
    writer.write_all(&text)
}

/// What a session decides and takes down.
struct Clerk {
    book: Arc<Book>,
    to: String,
    letter: Vec<u8>,
}

impl Handler for Clerk {
    fn rcpt(&mut self, to: &str) -> Response {
        let moods = self.book.moods.lock().expect("the moods");
        match moods.get(to).copied().unwrap_or(Mood::Taking) {
            Mood::Busy => INTERNAL_ERROR,
            Mood::Refusing => NO_MAILBOX,
            Mood::Taking => {
                to.clone_into(&mut self.to);
                self.letter.clear();
                OK
            }
        }
    }

    fn data(&mut self, part: &[u8]) -> io::Result<()> {
        self.letter.extend_from_slice(part);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let letter = String::from_utf8_lossy(&self.letter).into_owned();
        let mut letters = self.book.letters.lock().expect("the letters");
        letters.push((self.to.clone(), letter));
        OK
    }
}
