//! What the bank reads, and what never reaches it.

use quick_xml::Reader;
use quick_xml::events::Event;
use rust_decimal::dec;

use super::{CreditTransferFile, Debtor, InitiatingParty, Purpose, Transfer};
use crate::DocumentError;
use crate::payslip::sample::day;

fn file() -> CreditTransferFile {
    CreditTransferFile {
        message_id: "payrun_01jk3q4v".to_owned(),
        created_at: day(2026, 1, 30).and_hms_opt(9, 30, 0).unwrap().and_utc(),
        initiating_party: InitiatingParty {
            name: "Ferretería Ñandú & Hijos, S.L.".to_owned(),
            tax_id: "B12345674000".to_owned(),
        },
        debtor: Debtor {
            name: "Ferretería Ñandú & Hijos, S.L.".to_owned(),
            iban: "ES91 2100 0418 4502 0005 1332".to_owned(),
            bic: None,
        },
        execution_date: day(2026, 1, 31),
        purpose: Purpose::Salary,
        transfers: vec![
            transfer("payslip_1", dec!(1847.93), "María Núñez Güell"),
            transfer("payslip_2", dec!(0.1), "Íñigo <Peña> \"el alto\""),
        ],
    }
}

fn transfer(id: &str, amount: rust_decimal::Decimal, name: &str) -> Transfer {
    Transfer {
        end_to_end_id: id.to_owned(),
        amount,
        creditor_name: name.to_owned(),
        creditor_iban: "DE89 3704 0044 0532 0130 00".to_owned(),
        remittance: "Nómina de enero de 2026".to_owned(),
    }
}

/// The paths of all elements in order, with the text of those that have one.
fn outline(xml: &[u8]) -> Vec<(String, String)> {
    let mut reader = Reader::from_reader(xml);
    let mut path: Vec<String> = Vec::new();
    let mut found: Vec<(String, String)> = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                path.push(start.name().as_ref().to_owned());
                found.push((path.join("/"), String::new()));
            }
            Event::Text(text) => {
                let text: &str = text.as_ref();
                if let Some((_, seen)) = found.last_mut() {
                    seen.push_str(text.trim());
                }
            }
            Event::GeneralRef(_) => panic!("an entity where the character set has none"),
            Event::End(_) => drop(path.pop()),
            Event::Eof => return found,
            _ => {}
        }
    }
}

fn values(xml: &[u8], last: &str) -> Vec<String> {
    let ends = format!("/{last}");
    let found = outline(xml)
        .into_iter()
        .filter(|(path, _)| path.ends_with(&ends));
    found.map(|(_, text)| text).collect()
}

/// The children that the schema allows under each element, in its order.
const SCHEMA: [(&str, &[&str]); 14] = [
    ("Document", &["CstmrCdtTrfInitn"]),
    ("CstmrCdtTrfInitn", &["GrpHdr", "PmtInf", "SplmtryData"]),
    (
        "GrpHdr",
        &[
            "MsgId", "CreDtTm", "Authstn", "NbOfTxs", "CtrlSum", "InitgPty", "FwdgAgt", "InitnSrc",
        ],
    ),
    (
        "InitgPty",
        &["Nm", "PstlAdr", "Id", "CtryOfRes", "CtctDtls"],
    ),
    (
        "PmtInf",
        &[
            "PmtInfId",
            "PmtMtd",
            "ReqdAdvcTp",
            "BtchBookg",
            "NbOfTxs",
            "CtrlSum",
            "PmtTpInf",
            "ReqdExctnDt",
            "PoolgAdjstmntDt",
            "Dbtr",
            "DbtrAcct",
            "DbtrAgt",
            "DbtrAgtAcct",
            "InstrForDbtrAgt",
            "UltmtDbtr",
            "ChrgBr",
            "ChrgsAcct",
            "ChrgsAcctAgt",
            "CdtTrfTxInf",
        ],
    ),
    (
        "PmtTpInf",
        &["InstrPrty", "SvcLvl", "LclInstrm", "CtgyPurp"],
    ),
    ("ReqdExctnDt", &["Dt", "DtTm"]),
    ("Dbtr", &["Nm", "PstlAdr", "Id", "CtryOfRes", "CtctDtls"]),
    ("DbtrAcct", &["Id", "Tp", "Ccy", "Nm", "Prxy"]),
    ("DbtrAgt", &["FinInstnId", "BrnchId"]),
    (
        "FinInstnId",
        &["BICFI", "ClrSysMmbId", "LEI", "Nm", "PstlAdr", "Othr"],
    ),
    (
        "CdtTrfTxInf",
        &[
            "PmtId",
            "PmtTpInf",
            "Amt",
            "XchgRateInf",
            "ChrgBr",
            "MndtRltdInf",
            "ChqInstr",
            "UltmtDbtr",
            "IntrmyAgt1",
            "IntrmyAgt1Acct",
            "IntrmyAgt2",
            "IntrmyAgt2Acct",
            "IntrmyAgt3",
            "IntrmyAgt3Acct",
            "CdtrAgt",
            "CdtrAgtAcct",
            "Cdtr",
            "CdtrAcct",
            "UltmtCdtr",
            "InstrForCdtrAgt",
            "InstrForDbtrAgt",
            "Purp",
            "RgltryRptg",
            "Tax",
            "RltdRmtInf",
            "RmtInf",
            "SplmtryData",
        ],
    ),
    ("PmtId", &["InstrId", "EndToEndId", "UETR"]),
    ("RmtInf", &["Ustrd", "Strd"]),
];

#[test]
fn elements_stand_in_the_order_of_the_schema() {
    let xml = file().xml().unwrap();
    let outline = outline(&xml);
    for (parent, allowed) in SCHEMA {
        let mut places: Vec<(String, usize)> = Vec::new();
        for (path, _) in &outline {
            let Some((above, name)) = path.rsplit_once('/') else {
                continue;
            };
            if above != parent && !above.ends_with(&format!("/{parent}")) {
                continue;
            }
            let place = allowed.iter().position(|it| *it == name);
            places.push((
                name.to_owned(),
                place.unwrap_or_else(|| panic!("{path} is foreign")),
            ));
        }
        assert!(!places.is_empty(), "{parent} has no child");
        // One parent's children rise; where its first child comes again, the next one begins.
        let first = places[0].0.clone();
        for pair in places.windows(2) {
            assert!(
                pair[0].1 <= pair[1].1 || pair[1].0 == first,
                "{parent}: {pair:?}"
            );
        }
    }
}

#[test]
fn the_file_reads_as_a_bank_expects() {
    insta::assert_snapshot!(
        "credit_transfer",
        String::from_utf8(file().xml().unwrap()).unwrap()
    );
    let mut with_bic = file();
    with_bic.debtor.bic = Some("CAIXESBBXXX".to_owned());
    let xml = with_bic.xml().unwrap();
    assert_eq!(values(&xml, "BICFI"), ["CAIXESBBXXX"]);
    assert!(values(&xml, "DbtrAgt/FinInstnId/Othr/Id").is_empty());
}

#[test]
fn count_and_sum_are_exact() {
    let mut file = file();
    file.transfers = (0..1000)
        .map(|number| transfer(&format!("id-{number}"), dec!(0.1), "Ana"))
        .collect();
    let xml = file.xml().unwrap();
    assert_eq!(values(&xml, "NbOfTxs"), ["1000", "1000"]);
    assert_eq!(values(&xml, "CtrlSum"), ["100.00", "100.00"]);
    assert_eq!(values(&xml, "InstdAmt").len(), 1000);
    assert_eq!(xml, file.xml().unwrap());
}

#[test]
fn texts_are_cut_and_identifiers_refused() {
    let mut file = file();
    file.transfers[0].creditor_name = "Ñ".repeat(100);
    file.transfers[0].remittance = "á".repeat(200);
    let xml = file.xml().unwrap();
    assert_eq!(values(&xml, "Cdtr/Nm")[0], "N".repeat(70));
    assert_eq!(values(&xml, "Ustrd")[0], "a".repeat(140));
    file.transfers[0].end_to_end_id = "x".repeat(36);
    file.message_id = "a//b".to_owned();
    assert_eq!(
        codes(&file),
        [
            ("transfer.id_slash".to_owned(), "message_id".to_owned()),
            (
                "transfer.id_length".to_owned(),
                "transfers[0].end_to_end_id".to_owned()
            ),
        ]
    );
}

fn codes(file: &CreditTransferFile) -> Vec<(String, String)> {
    let Err(DocumentError::Invalid(problems)) = file.xml() else {
        panic!("was accepted")
    };
    problems
        .into_iter()
        .map(|it| (it.code.to_owned(), it.field))
        .collect()
}

#[test]
fn everything_that_a_bank_refuses_is_said_at_once() {
    let mut file = file();
    file.debtor.name = String::new();
    file.debtor.bic = Some("nope".to_owned());
    file.transfers = vec![
        transfer("a_1", dec!(0), "Ana"),
        transfer("a-1", dec!(-5), "Ana"),
        transfer("b", dec!(1.005), " "),
        Transfer {
            creditor_iban: "ES0021000418".to_owned(),
            ..transfer("c", dec!(1), "Ana")
        },
        Transfer {
            creditor_iban: "BR1800360305000010009795493C1".to_owned(),
            ..transfer("d", dec!(1000000000), "Ana")
        },
    ];
    let expected = [
        ("transfer.name_missing", "debtor.name"),
        ("transfer.bic_invalid", "debtor.bic"),
        ("transfer.amount_not_positive", "transfers[0].amount"),
        ("transfer.amount_not_positive", "transfers[1].amount"),
        ("transfer.id_repeated", "transfers[1].end_to_end_id"),
        ("transfer.fraction_of_cent", "transfers[2].amount"),
        ("transfer.name_missing", "transfers[2].creditor_name"),
        ("transfer.iban_invalid", "transfers[3].creditor_iban"),
        ("transfer.amount_too_high", "transfers[4].amount"),
        ("transfer.iban_outside_sepa", "transfers[4].creditor_iban"),
    ];
    let expected = expected.map(|(code, field)| (code.to_owned(), field.to_owned()));
    assert_eq!(codes(&file), expected);
    file.transfers.clear();
    assert!(codes(&file).contains(&("transfer.none".to_owned(), "transfers".to_owned())));
}
