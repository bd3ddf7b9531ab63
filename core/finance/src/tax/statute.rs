//! What the law charges in Spain, as data: each tax with its rate, its accounts, its source and the
//! day from which the rate holds. Rates are those in force; a company adds later ones as versions.

use rust_decimal::{Decimal, dec};

use super::{TaxApplication as On, TaxKind as Kind, TaxTreatment as How};

/// A tax as the law has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statute {
    pub code: &'static str,
    pub name_es: &'static str,
    pub name_en: &'static str,
    pub kind: Kind,
    pub treatment: How,
    pub applies_to: On,
    /// Per cent.
    pub rate: Decimal,
    /// The tax that it comes on top of.
    pub goes_with: Option<&'static str>,
    pub source: &'static str,
    /// Year, month and day from which the rate holds.
    pub valid_from: (i32, u32, u32),
}

/// The reform of the rates of 2012 (Real Decreto-ley 20/2012, art. 23).
const SEPTEMBER_2012: (i32, u32, u32) = (2012, 9, 1);
/// The law of VAT itself.
const VAT_ACT: (i32, u32, u32) = (1993, 1, 1);
/// The rate of 4 % (Ley 41/1994, art. 78), and the surcharge that goes with it.
const SUPER_REDUCED: (i32, u32, u32) = (1995, 1, 1);
/// The reform of the withholdings of 2015 (Real Decreto-ley 9/2015).
const JULY_2015: (i32, u32, u32) = (2015, 7, 12);
/// The regulation of the income tax (Real Decreto 439/2007).
const APRIL_2007: (i32, u32, u32) = (2007, 4, 1);

const fn vat(
    code: &'static str,
    names: (&'static str, &'static str),
    how: (How, On, Decimal),
    source: &'static str,
    valid_from: (i32, u32, u32),
) -> Statute {
    Statute {
        code,
        name_es: names.0,
        name_en: names.1,
        kind: Kind::Vat,
        treatment: how.0,
        applies_to: how.1,
        rate: how.2,
        goes_with: None,
        source,
        valid_from,
    }
}

/// A surcharge is charged to retailers in the special regime. Who is in it deducts neither the
/// surcharge nor the VAT of what they buy (Ley 37/1992, art. 154.Dos): their purchases bear other
/// taxes, which are cost.
const fn surcharge(
    code: &'static str,
    names: (&'static str, &'static str),
    rate: Decimal,
    goes_with: &'static str,
    (source, valid_from): (&'static str, (i32, u32, u32)),
) -> Statute {
    let how = (How::Taxed, On::Sales, rate);
    Statute {
        kind: Kind::Surcharge,
        goes_with: Some(goes_with),
        ..vat(code, names, how, source, valid_from)
    }
}

const fn withholding(
    code: &'static str,
    names: (&'static str, &'static str),
    rate: Decimal,
    source: &'static str,
    valid_from: (i32, u32, u32),
) -> Statute {
    let how = (How::Taxed, On::Both, rate);
    Statute {
        kind: Kind::Withholding,
        ..vat(code, names, how, source, valid_from)
    }
}

/// The taxes of Spain that an invoice can bear.
pub(super) const SPAIN: &[Statute] = &[
    vat(
        "IVA21",
        ("IVA general 21 %", "Standard VAT 21%"),
        (How::Taxed, On::Both, dec!(21)),
        "Ley 37/1992, art. 90.Uno, en la redacción del Real Decreto-ley 20/2012, art. 23",
        SEPTEMBER_2012,
    ),
    vat(
        "IVA10",
        ("IVA reducido 10 %", "Reduced VAT 10%"),
        (How::Taxed, On::Both, dec!(10)),
        "Ley 37/1992, art. 91.Uno, en la redacción del Real Decreto-ley 20/2012, art. 23",
        SEPTEMBER_2012,
    ),
    vat(
        "IVA4",
        ("IVA superreducido 4 %", "Super-reduced VAT 4%"),
        (How::Taxed, On::Both, dec!(4)),
        "Ley 37/1992, art. 91.Dos, en la redacción de la Ley 41/1994, art. 78",
        SUPER_REDUCED,
    ),
    vat(
        "IVA0",
        (
            "IVA 0 % (donativos a entidades sin fines lucrativos)",
            "VAT 0% (gifts to non-profits)",
        ),
        (How::Taxed, On::Both, dec!(0)),
        "Ley 37/1992, art. 91.Cuatro, añadido por la Ley 7/2022, disposición final tercera",
        (2022, 4, 10),
    ),
    vat(
        "EXENTO",
        ("Exento", "Exempt"),
        (How::Exempt, On::Both, dec!(0)),
        "Ley 37/1992, art. 20",
        VAT_ACT,
    ),
    vat(
        "EXPORTACION",
        ("Exportación exenta", "Exempt export"),
        (How::Exempt, On::Sales, dec!(0)),
        "Ley 37/1992, art. 21",
        VAT_ACT,
    ),
    vat(
        "ENTREGA-UE",
        (
            "Entrega intracomunitaria exenta",
            "Exempt intra-Community supply",
        ),
        (How::Exempt, On::Sales, dec!(0)),
        "Ley 37/1992, art. 25",
        VAT_ACT,
    ),
    vat(
        "NO-SUJETO",
        ("No sujeto", "Not subject"),
        (How::NotSubject, On::Both, dec!(0)),
        "Ley 37/1992, arts. 7, 69 y 70",
        VAT_ACT,
    ),
    vat(
        "AIB21",
        (
            "Adquisición intracomunitaria 21 %",
            "Intra-Community acquisition 21%",
        ),
        (How::ReverseCharge, On::Purchases, dec!(21)),
        "Ley 37/1992, arts. 13, 85 y 90.Uno",
        SEPTEMBER_2012,
    ),
    vat(
        "AIB10",
        (
            "Adquisición intracomunitaria 10 %",
            "Intra-Community acquisition 10%",
        ),
        (How::ReverseCharge, On::Purchases, dec!(10)),
        "Ley 37/1992, arts. 13, 85 y 91.Uno",
        SEPTEMBER_2012,
    ),
    vat(
        "AIB4",
        (
            "Adquisición intracomunitaria 4 %",
            "Intra-Community acquisition 4%",
        ),
        (How::ReverseCharge, On::Purchases, dec!(4)),
        "Ley 37/1992, arts. 13, 85 y 91.Dos",
        SUPER_REDUCED,
    ),
    vat(
        "ISP21",
        ("Inversión del sujeto pasivo 21 %", "Reverse charge 21%"),
        (How::ReverseCharge, On::Both, dec!(21)),
        "Ley 37/1992, arts. 84.Uno.2.º y 90.Uno",
        SEPTEMBER_2012,
    ),
    vat(
        "ISP10",
        ("Inversión del sujeto pasivo 10 %", "Reverse charge 10%"),
        (How::ReverseCharge, On::Both, dec!(10)),
        "Ley 37/1992, arts. 84.Uno.2.º y 91.Uno",
        SEPTEMBER_2012,
    ),
    surcharge(
        "RE52",
        (
            "Recargo de equivalencia 5,2 %",
            "Equivalence surcharge 5.2%",
        ),
        dec!(5.2),
        "IVA21",
        (
            "Ley 37/1992, art. 161.1.º, en la redacción del Real Decreto-ley 20/2012, art. 23",
            SEPTEMBER_2012,
        ),
    ),
    surcharge(
        "RE14",
        (
            "Recargo de equivalencia 1,4 %",
            "Equivalence surcharge 1.4%",
        ),
        dec!(1.4),
        "IVA10",
        (
            "Ley 37/1992, art. 161.2.º, en la redacción del Real Decreto-ley 20/2012, art. 23",
            SEPTEMBER_2012,
        ),
    ),
    surcharge(
        "RE05",
        (
            "Recargo de equivalencia 0,5 %",
            "Equivalence surcharge 0.5%",
        ),
        dec!(0.5),
        "IVA4",
        (
            "Ley 37/1992, art. 161.3.º: la reforma de 2012 no cambió este tipo",
            SUPER_REDUCED,
        ),
    ),
    surcharge(
        "RE175",
        (
            "Recargo de equivalencia del tabaco 1,75 %",
            "Equivalence surcharge on tobacco 1.75%",
        ),
        dec!(1.75),
        "IVA21",
        (
            "Ley 37/1992, art. 161.4.º, en la redacción del Real Decreto-ley 20/2012, art. 23",
            SEPTEMBER_2012,
        ),
    ),
    withholding(
        "IRPF15",
        (
            "Retención de profesionales 15 %",
            "Withholding on professionals 15%",
        ),
        dec!(15),
        "Ley 35/2006, art. 101.5.a; Real Decreto 439/2007 (RIRPF), art. 95.1; RDL 9/2015",
        JULY_2015,
    ),
    withholding(
        "IRPF7",
        (
            "Retención de nuevos profesionales 7 %",
            "Withholding on new professionals 7%",
        ),
        dec!(7),
        "Ley 35/2006, art. 101.5.a; Real Decreto 439/2007 (RIRPF), art. 95.1; RDL 9/2015",
        JULY_2015,
    ),
    withholding(
        "IRPF19",
        ("Retención de alquileres 19 %", "Withholding on rents 19%"),
        dec!(19),
        "Ley 35/2006, art. 101.8; Real Decreto 439/2007 (RIRPF), art. 100",
        (2016, 1, 1),
    ),
    withholding(
        "IRPF2",
        (
            "Retención agrícola y ganadera 2 %",
            "Withholding on farming 2%",
        ),
        dec!(2),
        "Ley 35/2006, art. 101.5.b; Real Decreto 439/2007 (RIRPF), art. 95.4.2.º",
        APRIL_2007,
    ),
    withholding(
        "IRPF1-ENGORDE",
        (
            "Retención de engorde de porcino y avicultura 1 %",
            "Withholding on pig fattening and poultry 1%",
        ),
        dec!(1),
        "Ley 35/2006, art. 101.5.b; Real Decreto 439/2007 (RIRPF), art. 95.4.1.º",
        APRIL_2007,
    ),
    withholding(
        "IRPF2-FORESTAL",
        ("Retención forestal 2 %", "Withholding on forestry 2%"),
        dec!(2),
        "Ley 35/2006, art. 101.5.c; Real Decreto 439/2007 (RIRPF), art. 95.5",
        APRIL_2007,
    ),
    withholding(
        "IRPF1",
        (
            "Retención en estimación objetiva 1 %",
            "Withholding on flat-rate traders 1%",
        ),
        dec!(1),
        "Ley 35/2006, art. 101.5.d; Real Decreto 439/2007 (RIRPF), art. 95.6",
        APRIL_2007,
    ),
];
