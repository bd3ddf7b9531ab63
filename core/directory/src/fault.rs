//! The refusals of the directory, and the files of their sentences.

use kernel::Messages;

/// The sentences of the directory.
pub const MESSAGES: Messages = Messages {
    es: include_str!("../locales/es.ftl"),
    en: include_str!("../locales/en.ftl"),
};

/// Every reason that the directory refuses with.
pub const REASONS: &[&str] = &[
    "directory.account_taken",
    "directory.bic_invalid",
    "directory.calendar_unknown",
    "directory.ccc_invalid",
    "directory.code_invalid",
    "directory.code_taken",
    "directory.company_unknown",
    "directory.country_unknown",
    "directory.department_loop",
    "directory.department_unknown",
    "directory.email_invalid",
    "directory.email_taken",
    "directory.employee_taken",
    "directory.expiry_invalid",
    "directory.external_id_taken",
    "directory.file_active",
    "directory.file_empty",
    "directory.file_link_invalid",
    "directory.file_name_invalid",
    "directory.file_size_differs",
    "directory.file_too_large",
    "directory.file_unknown_type",
    "directory.holiday_taken",
    "directory.iban_invalid",
    "directory.identity_failed",
    "directory.identity_no_address",
    "directory.identity_provider_unknown",
    "directory.identity_unknown_user",
    "directory.issuer_invalid",
    "directory.key_invalid",
    "directory.key_taken",
    "directory.last_owner",
    "directory.login_failed",
    "directory.login_slowed",
    "directory.login_stopped",
    "directory.naf_invalid",
    "directory.name_taken",
    "directory.organisation_needed",
    "directory.party_unknown",
    "directory.password_common",
    "directory.password_length",
    "directory.password_wrong",
    "directory.permission_unknown",
    "directory.permissions_apart",
    "directory.role_built_in",
    "directory.role_given",
    "directory.role_self",
    "directory.role_unknown",
    "directory.scope_not_held",
    "directory.sequence_format",
    "directory.slug_invalid",
    "directory.slug_taken",
    "directory.tax_id_invalid",
    "directory.tax_id_taken",
    "directory.text_invalid",
    "directory.totp_already",
    "directory.totp_required",
    "directory.totp_wrong",
    "directory.upload_not_received",
    "directory.upload_over",
    "directory.upload_unknown",
    "directory.user_self",
    "directory.user_stronger",
    "directory.user_unknown",
    "directory.weekend_invalid",
    "directory.too_many_attachments",
];

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Locale, Speaker};

    #[test]
    fn every_reason_has_a_sentence_in_both_languages_and_none_is_left_over() {
        let speaker = Speaker::new(&[MESSAGES]).unwrap();
        for locale in Locale::ALL {
            for reason in REASONS {
                assert!(speaker.knows(*locale, reason), "{reason} in {locale}");
            }
        }
        for text in [MESSAGES.es, MESSAGES.en] {
            let said = text
                .lines()
                .filter(|line| line.starts_with("directory-"))
                .count();
            assert_eq!(said, REASONS.len());
        }
    }

    #[test]
    fn every_reason_in_the_code_is_listed() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        let mut folders = vec![std::path::PathBuf::from(root)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                for call in [
                    "invalid(\"",
                    "not_found(\"",
                    "conflict(\"",
                    "not_allowed(\"",
                ] {
                    for piece in text.split(call).skip(1) {
                        let reason = piece.split('"').next().unwrap();
                        let ours = reason.starts_with("directory.");
                        assert!(!ours || REASONS.contains(&reason), "{reason}");
                    }
                }
            }
        }
    }
}
