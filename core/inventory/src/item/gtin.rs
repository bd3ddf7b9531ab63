//! Barcodes of GS1: their check digit (GS1 General Specifications, section 7.9).

use kernel::Fault;

use crate::fault;

/// A GTIN of 8, 12, 13 or 14 digits with its right check digit, without spaces and hyphens.
pub(super) fn check(value: &str) -> Result<String, Fault> {
    let kept: String = value
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect();
    let digits: Option<Vec<u32>> = kept.chars().map(|c| c.to_digit(10)).collect();
    let fits = digits.is_some_and(|digits| {
        matches!(digits.len(), 8 | 12 | 13 | 14) && weighed(&digits).is_multiple_of(10)
    });
    if fits {
        Ok(kept)
    } else {
        Err(Fault::invalid(fault::GTIN_INVALID))
    }
}

/// The digits from the right, weighed one and three by turns.
fn weighed(digits: &[u32]) -> u32 {
    let weights = [1, 3].into_iter().cycle();
    let weighed = digits.iter().rev().zip(weights);
    weighed.map(|(digit, weight)| digit * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_checked() {
        for good in [
            "4006381333931",
            "96385074",
            "036000291452",
            "10614141000415",
        ] {
            assert_eq!(check(good).unwrap(), good);
        }
        assert_eq!(check("400-6381 333931").unwrap(), "4006381333931");
        for bad in ["4006381333932", "96385075", "", "12345", "400638133393X"] {
            assert_eq!(check(bad).unwrap_err().reason, fault::GTIN_INVALID, "{bad}");
        }
    }
}
