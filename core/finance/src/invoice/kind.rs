//! What invoices are, and where they stand.

use rust_decimal::Decimal;

use crate::open_item::OpenItemSide;

kernel::text_enum! {
    /// What an invoice is.
    pub enum InvoiceKind {
        /// An invoice of a supplier.
        Supplier = "SUPPLIER",
        /// A credit note of a supplier.
        SupplierCredit = "SUPPLIER_CREDIT",
        /// An invoice to a customer.
        Customer = "CUSTOMER",
        /// A credit note to a customer (factura rectificativa, Real Decreto 1619/2012, art. 15).
        CustomerCredit = "CUSTOMER_CREDIT",
    }
}

kernel::text_enum! {
    /// Where an invoice stands.
    pub enum InvoiceStatus {
        /// Being prepared.
        Draft = "DRAFT",
        /// In the books.
        Posted = "POSTED",
        /// In the books, and nothing of it is open.
        Paid = "PAID",
        /// In the books, and taken back by a credit note.
        Void = "VOID",
    }
}

kernel::enum_filter! {
    /// Conditions on what an invoice is.
    InvoiceKindFilter of InvoiceKind
}

kernel::enum_filter! {
    /// Conditions on where an invoice stands.
    InvoiceStatusFilter of InvoiceStatus
}

impl InvoiceKind {
    /// On which side it is owed.
    pub const fn side(self) -> OpenItemSide {
        match self {
            Self::Supplier | Self::SupplierCredit => OpenItemSide::Payable,
            Self::Customer | Self::CustomerCredit => OpenItemSide::Receivable,
        }
    }

    /// Whether it takes back what was owed.
    pub const fn is_credit(self) -> bool {
        matches!(self, Self::SupplierCredit | Self::CustomerCredit)
    }

    /// What it adds to what is owed: credit notes take from it.
    pub fn sign(self) -> Decimal {
        if self.is_credit() {
            Decimal::NEGATIVE_ONE
        } else {
            Decimal::ONE
        }
    }

    /// The credit note of its side.
    pub const fn credit(self) -> Self {
        match self {
            Self::Supplier | Self::SupplierCredit => Self::SupplierCredit,
            Self::Customer | Self::CustomerCredit => Self::CustomerCredit,
        }
    }

    /// The journal that it is posted in.
    pub const fn journal(self) -> &'static str {
        match self.side() {
            OpenItemSide::Payable => ledger::journal::PURCHASES,
            OpenItemSide::Receivable => ledger::journal::SALES,
        }
    }

    /// The series of its numbers when it names none. Credit notes to customers have one of their own
    /// (Real Decreto 1619/2012, art. 6.1.a).
    pub const fn series(self) -> &'static str {
        match self {
            Self::Supplier => "C",
            Self::SupplierCredit => "CR",
            Self::Customer => "F",
            Self::CustomerCredit => "FR",
        }
    }

    /// What its entry is called.
    pub const fn memo(self) -> &'static str {
        match self {
            Self::Supplier => "Factura recibida",
            Self::SupplierCredit => "Abono recibido",
            Self::Customer => "Factura emitida",
            Self::CustomerCredit => "Factura rectificativa",
        }
    }
}
