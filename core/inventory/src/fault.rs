//! What inventory refuses, and the sentences it speaks.

use kernel::Messages;

/// The sentences of this crate.
pub const MESSAGES: Messages = Messages {
    es: include_str!("../locales/es.ftl"),
    en: include_str!("../locales/en.ftl"),
};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)*) => {
        $($(#[doc = $doc])+ pub const $name: &str = $text;)*

        /// Every reason for which this crate refuses.
        pub const REASONS: &[&str] = &[$($name),*];
    };
}

reasons! {
    /// There is no such unit.
    UNIT_NOT_FOUND = "inventory.unit_not_found";
    /// A unit does not convert to the item's.
    UNIT_NOT_CONVERTIBLE = "inventory.unit_not_convertible";
    /// A package has no factor, everything else has one.
    UNIT_FACTOR = "inventory.unit_factor";
    /// A conversion of an item is in use.
    UNIT_IN_USE = "inventory.unit_in_use";
    /// A conversion of an item is given twice, or for its own unit.
    UNIT_TWICE = "inventory.unit_twice";
    /// A quantity is not above zero.
    QUANTITY_NOT_POSITIVE = "inventory.quantity_not_positive";
    /// A quantity does not come out exactly in the item's unit.
    QUANTITY_INEXACT = "inventory.quantity_inexact";
    /// A counted quantity is below zero.
    QUANTITY_BELOW_ZERO = "inventory.quantity_below_zero";
    /// A quantity or cost is too large or too fine.
    NUMBER_OUT_OF_RANGE = "inventory.number_out_of_range";
    /// There is no such category in the company.
    CATEGORY_NOT_FOUND = "inventory.category_not_found";
    /// There is no such item, or it is not the reader's to see.
    ITEM_NOT_FOUND = "inventory.item_not_found";
    /// Another item, category, unit, warehouse or location has the code.
    CODE_TAKEN = "inventory.code_taken";
    /// Another item has the integrator's id.
    EXTERNAL_ID_TAKEN = "inventory.external_id_taken";
    /// Another item has the GTIN.
    GTIN_TAKEN = "inventory.gtin_taken";
    /// A GTIN has 8, 12, 13 or 14 digits, the last of them a check digit.
    GTIN_INVALID = "inventory.gtin_invalid";
    /// What is not tracked has no stock.
    ITEM_UNTRACKED = "inventory.item_untracked";
    /// An archived item only leaves.
    ITEM_ARCHIVED = "inventory.item_archived";
    /// An item with stock keeps its valuation and its being tracked, and is not archived.
    ITEM_HAS_STOCK = "inventory.item_has_stock";
    /// An item that has moved keeps its unit.
    ITEM_HAS_MOVED = "inventory.item_has_moved";
    /// An account that stock was posted to stays the account of that stock.
    STOCK_ACCOUNT_IN_USE = "inventory.stock_account_in_use";
    /// There is no such warehouse, or it is not the reader's to see.
    WAREHOUSE_NOT_FOUND = "inventory.warehouse_not_found";
    /// A warehouse with stock is not archived.
    WAREHOUSE_HAS_STOCK = "inventory.warehouse_has_stock";
    /// There is no such location, or it is not the reader's to see.
    LOCATION_NOT_FOUND = "inventory.location_not_found";
    /// An archived location takes nothing in.
    LOCATION_ARCHIVED = "inventory.location_archived";
    /// A transfer goes to another place.
    SAME_LOCATION = "inventory.same_location";
    /// There is not enough in the place.
    NOT_ENOUGH = "inventory.not_enough";
    /// A movement needs lines, and not too many.
    LINES_COUNT = "inventory.lines_count";
    /// What leaves is not dated before the item's last movement in the warehouse.
    BACKDATED = "inventory.backdated";
    /// A movement is not in the future.
    IN_FUTURE = "inventory.in_future";
    /// Nothing says what the goods cost.
    COST_UNKNOWN = "inventory.cost_unknown";
    /// A cost is below zero.
    COST_BELOW_ZERO = "inventory.cost_below_zero";
    /// There is no such party.
    PARTY_NOT_FOUND = "inventory.party_not_found";
    /// There is no such movement, or it is not the reader's to see.
    MOVEMENT_NOT_FOUND = "inventory.movement_not_found";
    /// A movement is reversed once, and a reversal never.
    REVERSED_ALREADY = "inventory.reversed_already";
    /// What a movement brought has been used since.
    USED_SINCE = "inventory.used_since";
    /// A reversal is not dated before what it reverses.
    REVERSAL_TOO_EARLY = "inventory.reversal_too_early";
    /// A movement of stock below zero is reversed once the stock is above zero.
    REVERSAL_BELOW_ZERO = "inventory.reversal_below_zero";
    /// A count finds what is there already.
    COUNT_AGREES = "inventory.count_agrees";
    /// A place and item are counted twice.
    COUNTED_TWICE = "inventory.counted_twice";
    /// There are no such terms of a supplier, or they are not the reader's to see.
    TERM_NOT_FOUND = "inventory.term_not_found";
    /// A supplier has other terms for the item in these days.
    TERMS_OVERLAP = "inventory.terms_overlap";
    /// There is no such supplier in use.
    SUPPLIER_NOT_FOUND = "inventory.supplier_not_found";
    /// A unit does not convert to that of the item.
    UNIT_OF_ITEM = "inventory.unit_of_item";
    /// A price is below zero, too large or too fine.
    PRICE_OUT_OF_RANGE = "inventory.price_out_of_range";
    /// Neither the line nor the supplier's terms say a price.
    PRICE_NEEDED = "inventory.price_needed";
    /// A quantity is below zero, too large or too fine.
    QUANTITY_OUT_OF_RANGE = "inventory.quantity_out_of_range";
    /// A lead time is out of bounds.
    LEAD_TIME_OUT_OF_RANGE = "inventory.lead_time_out_of_range";
    /// A percentage is out of bounds.
    PERCENT_OUT_OF_RANGE = "inventory.percent_out_of_range";
    /// There is no such stock policy, or it is not the reader's to see.
    POLICY_NOT_FOUND = "inventory.policy_not_found";
    /// The item has its policy in the warehouse.
    POLICY_EXISTS = "inventory.policy_exists";
    /// A fixed policy has a reorder point, another has none.
    REORDER_POINT_OF_METHOD = "inventory.reorder_point_of_method";
    /// A policy by demand has a safety stock or a service level.
    SAFETY_NEEDED = "inventory.safety_needed";
    /// A service level is out of bounds.
    SERVICE_LEVEL = "inventory.service_level";
    /// A number of days is out of bounds.
    DAYS_OUT_OF_RANGE = "inventory.days_out_of_range";
    /// Reorder point, target and maximum are out of order.
    LEVELS_OUT_OF_ORDER = "inventory.levels_out_of_order";
    /// The chosen supplier's lead time is not known.
    NO_LEAD_TIME = "inventory.no_lead_time";
    /// There is no such proposal, or it is not the reader's to see.
    PROPOSAL_NOT_FOUND = "inventory.proposal_not_found";
    /// A proposal was decided before.
    PROPOSAL_DECIDED = "inventory.proposal_decided";
    /// A proposal that nobody sells can't be ordered.
    PROPOSAL_WITHOUT_SUPPLIER = "inventory.proposal_without_supplier";
    /// The terms that a proposal was made on are not those of today.
    PROPOSAL_OUTDATED = "inventory.proposal_outdated";
    /// A day until which is in the past.
    UNTIL_IN_PAST = "inventory.until_in_past";
    /// One act is about one record at least, and not too many.
    TOO_MANY_AT_ONCE = "inventory.too_many_at_once";
    /// There is no such company, or the actor may not act there.
    COMPANY_NOT_FOUND = "inventory.company_not_found";
    /// A day to come can't be looked at.
    AS_OF_IN_FUTURE = "inventory.as_of_in_future";
    /// There is no such purchase order, or it is not the reader's to see.
    ORDER_NOT_FOUND = "inventory.order_not_found";
    /// There is no such line in the order.
    ORDER_LINE_NOT_FOUND = "inventory.order_line_not_found";
    /// The state of the order does not allow it.
    ORDER_STATE = "inventory.order_state";
    /// An order has lines, and not too many.
    ORDER_LINES = "inventory.order_lines";
    /// An order without lines can't be ordered.
    ORDER_EMPTY = "inventory.order_empty";
    /// More came than was ordered and is tolerated.
    OVER_RECEIPT = "inventory.over_receipt";
    /// More goes back than came.
    OVER_RETURN = "inventory.over_return";
    /// What goes back for a line of an order is of its item and supplier, in a unit that converts.
    RETURN_OF_LINE = "inventory.return_of_line";
    /// Nothing of the order is missing.
    NOTHING_TO_RECEIVE = "inventory.nothing_to_receive";
    /// Another currency needs an exchange rate.
    RATE_NEEDED = "inventory.rate_needed";
    /// An exchange rate is not above zero.
    RATE = "inventory.rate";
}

#[cfg(test)]
mod tests {
    use kernel::{Locale, Speaker};

    use super::*;

    #[test]
    fn every_reason_has_its_sentence_in_both_languages() {
        let speaker = Speaker::new(&[kernel::message::MESSAGES, MESSAGES]).unwrap();
        for key in REASONS {
            for locale in Locale::ALL {
                assert!(speaker.knows(*locale, key), "{key} in {locale}");
            }
        }
    }
}
