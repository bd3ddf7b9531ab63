//! Writes the payment order, element by element in the order of the schema
//! `urn:iso:std:iso:20022:tech:xsd:pain.001.001.09`.

use std::io;

use quick_xml::Writer;
use quick_xml::escape::partial_escape;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::check::compact;
use super::{CreditTransferFile, Debtor, InitiatingParty, Transfer, sepa};
use crate::{DocumentError, Result};

const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";

/// The order as bytes; the caller has checked it.
pub(super) fn write(file: &CreditTransferFile) -> Result<Vec<u8>> {
    let mut xml = Xml(Writer::new_with_indent(Vec::new(), b' ', 2));
    xml.document(file)
        .map_err(|error| DocumentError::writer("xml", error))?;
    let mut bytes = xml.0.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

struct Xml(Writer<Vec<u8>>);

impl Xml {
    fn document(&mut self, file: &CreditTransferFile) -> io::Result<()> {
        self.0
            .write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let root = BytesStart::new("Document").with_attributes([("xmlns", NAMESPACE)]);
        self.0.write_event(Event::Start(root))?;
        self.group("CstmrCdtTrfInitn", |xml| {
            xml.group_header(file)?;
            xml.payment_information(file)
        })?;
        self.0.write_event(Event::End(BytesEnd::new("Document")))
    }

    fn group_header(&mut self, file: &CreditTransferFile) -> io::Result<()> {
        self.group("GrpHdr", |xml| {
            xml.leaf("MsgId", &sepa::identifier(&file.message_id))?;
            xml.leaf(
                "CreDtTm",
                &file.created_at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            )?;
            xml.counts(file)?;
            xml.initiating_party(&file.initiating_party)
        })
    }

    fn initiating_party(&mut self, party: &InitiatingParty) -> io::Result<()> {
        self.group("InitgPty", |xml| {
            xml.leaf("Nm", &sepa::text(&party.name, sepa::NAME))?;
            xml.nest(&["Id", "OrgId", "Othr"], |xml| {
                xml.leaf("Id", &sepa::identifier(&party.tax_id))
            })
        })
    }

    fn payment_information(&mut self, file: &CreditTransferFile) -> io::Result<()> {
        self.group("PmtInf", |xml| {
            xml.leaf("PmtInfId", &sepa::identifier(&file.message_id))?;
            xml.leaf("PmtMtd", "TRF")?;
            let in_one_sum = file.purpose.booked_in_one_sum();
            xml.leaf("BtchBookg", if in_one_sum { "true" } else { "false" })?;
            xml.counts(file)?;
            xml.group("PmtTpInf", |xml| {
                xml.group("SvcLvl", |xml| xml.leaf("Cd", "SEPA"))?;
                xml.group("CtgyPurp", |xml| xml.leaf("Cd", file.purpose.code()))
            })?;
            let date = file.execution_date.format("%Y-%m-%d").to_string();
            xml.group("ReqdExctnDt", |xml| xml.leaf("Dt", &date))?;
            xml.debtor(&file.debtor)?;
            xml.leaf("ChrgBr", "SLEV")?;
            file.transfers
                .iter()
                .try_for_each(|transfer| xml.transfer(transfer))
        })
    }

    fn counts(&mut self, file: &CreditTransferFile) -> io::Result<()> {
        self.leaf("NbOfTxs", &file.transfers.len().to_string())?;
        self.leaf("CtrlSum", &format!("{:.2}", file.total()))
    }

    fn debtor(&mut self, debtor: &Debtor) -> io::Result<()> {
        self.group("Dbtr", |xml| {
            xml.leaf("Nm", &sepa::text(&debtor.name, sepa::NAME))
        })?;
        self.nest(&["DbtrAcct", "Id"], |xml| {
            xml.leaf("IBAN", &compact(&debtor.iban))
        })?;
        self.nest(&["DbtrAgt", "FinInstnId"], |xml| match &debtor.bic {
            Some(bic) => xml.leaf("BICFI", bic),
            None => xml.group("Othr", |xml| xml.leaf("Id", "NOTPROVIDED")),
        })
    }

    fn transfer(&mut self, transfer: &Transfer) -> io::Result<()> {
        self.group("CdtTrfTxInf", |xml| {
            let id = sepa::identifier(&transfer.end_to_end_id);
            xml.group("PmtId", |xml| xml.leaf("EndToEndId", &id))?;
            xml.group("Amt", |xml| xml.euros(&format!("{:.2}", transfer.amount)))?;
            let name = sepa::text(&transfer.creditor_name, sepa::NAME);
            xml.group("Cdtr", |xml| xml.leaf("Nm", &name))?;
            let iban = compact(&transfer.creditor_iban);
            xml.nest(&["CdtrAcct", "Id"], |xml| xml.leaf("IBAN", &iban))?;
            match sepa::text(&transfer.remittance, sepa::REMITTANCE) {
                text if text.is_empty() => Ok(()),
                text => xml.group("RmtInf", |xml| xml.leaf("Ustrd", &text)),
            }
        })
    }

    fn euros(&mut self, amount: &str) -> io::Result<()> {
        let element = self
            .0
            .create_element("InstdAmt")
            .with_attribute(("Ccy", "EUR"));
        element.write_text_content(escaped(amount))?;
        Ok(())
    }

    fn leaf(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.0
            .create_element(name)
            .write_text_content(escaped(text))?;
        Ok(())
    }

    fn group<F>(&mut self, name: &str, inside: F) -> io::Result<()>
    where
        F: FnOnce(&mut Self) -> io::Result<()>,
    {
        self.0.write_event(Event::Start(BytesStart::new(name)))?;
        inside(self)?;
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }

    /// Elements that each hold nothing but the next one.
    fn nest<F>(&mut self, names: &[&str], inside: F) -> io::Result<()>
    where
        F: FnOnce(&mut Self) -> io::Result<()>,
    {
        for name in names {
            self.0.write_event(Event::Start(BytesStart::new(*name)))?;
        }
        inside(self)?;
        for name in names.iter().rev() {
            self.0.write_event(Event::End(BytesEnd::new(*name)))?;
        }
        Ok(())
    }
}

/// Escapes what XML requires and leaves the apostrophe, which names may have, readable.
fn escaped(text: &str) -> BytesText<'_> {
    BytesText::from_escaped(partial_escape(text))
}
