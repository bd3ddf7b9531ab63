//! Administration: reports as rows and files, their schedules, mails on their way out;
//! announcements with their readers, documents with their versions, and preferences.

pub mod mails_server;

mod announcements;
mod audiences;
mod documents;
mod furnished;
mod mails;
mod office;
mod preferences;
mod reading;
mod reports;
mod reports_files;
mod schedules;
mod stage;
