//! The directory through the API: log-in, people and their rights, companies, parties, numbers.

mod children;
pub(crate) mod link;
mod sealed;

pub mod api_key;
pub mod assignment;
pub mod attachment;
pub mod calendar;
pub mod company;
pub mod department;
pub mod file;
pub mod files;
pub mod identity_callback;
pub mod identity_login;
pub mod identity_provider;
pub mod organisation;
pub mod party;
pub mod party_detail;
pub mod role;
pub mod sequence;
pub mod session;
pub mod session_start;
pub mod totp;
pub mod user;
pub mod viewer;

use async_graphql::MergedObject;

/// The queries of the directory.
#[derive(MergedObject, Default)]
pub struct DirectoryQuery(
    viewer::ViewerQuery,
    organisation::OrganisationQuery,
    company::CompanyQuery,
    department::DepartmentQuery,
    user::UserQuery,
    role::RoleQuery,
    assignment::RoleAssignmentQuery,
    session::SessionQuery,
    api_key::ApiKeyQuery,
    identity_provider::IdentityProviderQuery,
    identity_login::IdentityLoginQuery,
    party::PartyQuery,
    sequence::SequenceQuery,
    calendar::CalendarQuery,
    file::FileQuery,
);

/// The mutations of the directory.
#[derive(MergedObject, Default)]
pub struct DirectoryMutation(
    session_start::SessionStartMutation,
    session::SessionMutation,
    totp::TotpMutation,
    organisation::OrganisationMutation,
    company::CompanyMutation,
    department::DepartmentMutation,
    user::UserMutation,
    role::RoleMutation,
    assignment::RoleAssignmentMutation,
    api_key::ApiKeyMutation,
    identity_provider::IdentityProviderMutation,
    identity_login::IdentityLoginMutation,
    party::PartyMutation,
    party_detail::PartyDetailMutation,
    sequence::SequenceMutation,
    calendar::CalendarMutation,
    file::FileMutation,
);
