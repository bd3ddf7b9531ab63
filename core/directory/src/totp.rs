//! The second factor: time-based codes (RFC 6238, six digits, thirty seconds, one step of
//! tolerance), each good once, and recovery codes for the day the device is lost.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::UserId;
use kernel::{Error, Event, Fault, Result, Tx};
use totp_rs::{Builder, Secret, Totp};

use crate::auth::{own_user, require_proof};
use crate::permission::USER_READ;
use crate::schema::{credential, recovery_code, user};
use crate::secret::{Keys, Sensitive, hash, random};

/// Recovery codes that a user gets.
const RECOVERY_CODES: usize = 10;

/// What an authenticator app is set up with; shown once.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// The `otpauth://` URL, usually shown as a QR code.
    pub url: Sensitive,
    /// The secret in Base32, to be typed.
    pub secret: Sensitive,
}

/// Starts setting up a second factor of one's own: nothing counts until it is confirmed.
pub async fn enrol(tx: &mut Tx, keys: &Keys) -> Result<Enrolment> {
    let user = own_user(tx)?;
    require_proof(tx)?;
    let organisation = tx.organisation();
    let (email, enabled): (String, bool) = user::table
        .find((organisation, user))
        .select((user::email, user::totp_enabled))
        .first(tx.conn())
        .await?;
    if enabled {
        return Err(Fault::not_allowed("directory.totp_already").into());
    }
    let secret: [u8; 20] = random()?;
    let totp = build(&secret, &email)?;
    diesel::update(credential::table.find((organisation, user)))
        .set((
            credential::totp_sealed.eq(Some(keys.seal(&secret, user.0)?)),
            credential::totp_last_step.eq(0),
        ))
        .execute(tx.conn())
        .await?;
    let url = totp
        .to_url()
        .map_err(|error| Error::bug(format!("otpauth URL: {error:?}")))?;
    Ok(Enrolment {
        url: Sensitive(url),
        secret: Sensitive(totp.secret().to_base32()),
    })
}

/// Confirms the second factor by its first code, and gives the recovery codes, once.
pub async fn confirm(tx: &mut Tx, keys: &Keys, code: &Sensitive) -> Result<Vec<Sensitive>> {
    let user = own_user(tx)?;
    let organisation = tx.organisation();
    let state = load(tx, user).await?;
    if state.confirmed_at.is_some() {
        return Err(Fault::not_allowed("directory.totp_already").into());
    }
    if state.sealed.is_none() || !spend_code(tx, keys, user, &state, code).await? {
        return Err(Fault::invalid("directory.totp_wrong").at(["code"]).into());
    }
    let now = tx.now();
    diesel::update(credential::table.find((organisation, user)))
        .set(credential::totp_confirmed_at.eq(Some(now)))
        .execute(tx.conn())
        .await?;
    set_enabled(tx, user, true).await?;
    let codes = fresh_codes(tx, user).await?;
    tx.emit(Event::new("directory.user.totp_enabled", "User", user, USER_READ).owner(Some(user)))
        .await?;
    Ok(codes)
}

/// Takes one's own second factor away; needs a fresh proof.
pub async fn disable(tx: &mut Tx) -> Result<()> {
    let user = own_user(tx)?;
    require_proof(tx)?;
    remove(tx, user).await
}

/// Takes the second factor of a user away.
pub(crate) async fn remove(tx: &mut Tx, user: UserId) -> Result<()> {
    let organisation = tx.organisation();
    diesel::update(credential::table.find((organisation, user)))
        .set((
            credential::totp_sealed.eq(None::<Vec<u8>>),
            credential::totp_confirmed_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(tx.conn())
        .await?;
    diesel::delete(
        recovery_code::table
            .filter(recovery_code::organisation_id.eq(organisation))
            .filter(recovery_code::user_id.eq(user)),
    )
    .execute(tx.conn())
    .await?;
    set_enabled(tx, user, false).await?;
    tx.emit(Event::new("directory.user.totp_disabled", "User", user, USER_READ).owner(Some(user)))
        .await?;
    Ok(())
}

/// What is known of a user's second factor.
pub(crate) struct State {
    sealed: Option<Vec<u8>>,
    confirmed_at: Option<DateTime<Utc>>,
}

impl State {
    /// Whether a code is asked for.
    pub(crate) fn is_on(&self) -> bool {
        self.confirmed_at.is_some()
    }
}

type StateRow = (Option<Vec<u8>>, Option<DateTime<Utc>>);

/// Loads the second factor of a user.
pub(crate) async fn load(tx: &mut Tx, user: UserId) -> Result<State> {
    let row: Option<StateRow> = credential::table
        .find((tx.organisation(), user))
        .select((credential::totp_sealed, credential::totp_confirmed_at))
        .first(tx.conn())
        .await
        .optional()?;
    let (sealed, confirmed_at) = row.unwrap_or_default();
    Ok(State {
        sealed,
        confirmed_at,
    })
}

/// Whether a code of the app or a recovery code is right; either is good only once.
pub(crate) async fn spend(
    tx: &mut Tx,
    keys: &Keys,
    user: UserId,
    state: &State,
    code: &Sensitive,
) -> Result<bool> {
    if spend_code(tx, keys, user, state, code).await? {
        return Ok(true);
    }
    let plain: String = code.0.chars().filter(char::is_ascii_alphanumeric).collect();
    let key = (tx.organisation(), user, hash(&plain.to_uppercase()));
    let spent = diesel::delete(recovery_code::table.find(key))
        .execute(tx.conn())
        .await?;
    if spent == 1 {
        let used = Event::new("directory.user.recovery_code_used", "User", user, USER_READ);
        tx.emit(used.owner(Some(user))).await?;
    }
    Ok(spent == 1)
}

async fn spend_code(
    tx: &mut Tx,
    keys: &Keys,
    user: UserId,
    state: &State,
    code: &Sensitive,
) -> Result<bool> {
    let Some(sealed) = &state.sealed else {
        return Ok(false);
    };
    let totp = build(&keys.open(sealed, user.0)?, "user")?;
    let seconds = u64::try_from(tx.now().timestamp()).unwrap_or_default();
    let digits: String = code.0.chars().filter(|c| !c.is_whitespace()).collect();
    let Some(step) = totp.check(&digits, seconds) else {
        return Ok(false);
    };
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    let taken = diesel::update(credential::table.find((tx.organisation(), user)))
        .filter(credential::totp_last_step.lt(step))
        .set(credential::totp_last_step.eq(step))
        .execute(tx.conn())
        .await?;
    Ok(taken == 1)
}

fn build(secret: &[u8], account: &str) -> Result<Totp> {
    Builder::new()
        .with_secret(Secret::new(secret.to_vec().into_boxed_slice()))
        .with_skew(1)
        .with_issuer(Some("Trastienda"))
        .with_account_name(account)
        .build()
        .map_err(|error| Error::bug(format!("totp: {error:?}")))
}

async fn set_enabled(tx: &mut Tx, user: UserId, enabled: bool) -> Result<()> {
    diesel::update(user::table.find((tx.organisation(), user)))
        .set((
            user::totp_enabled.eq(enabled),
            user::version.eq(user::version + 1),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn fresh_codes(tx: &mut Tx, user: UserId) -> Result<Vec<Sensitive>> {
    let codes = (0..RECOVERY_CODES)
        .map(|_| recovery_text())
        .collect::<Result<Vec<_>>>()?;
    let rows: Vec<_> = codes
        .iter()
        .map(|code| {
            (
                recovery_code::organisation_id.eq(tx.organisation()),
                recovery_code::user_id.eq(user),
                recovery_code::hash.eq(hash(&code.0.replace('-', ""))),
            )
        })
        .collect();
    diesel::insert_into(recovery_code::table)
        .values(rows)
        .execute(tx.conn())
        .await?;
    Ok(codes)
}

/// Eighty random bits in sixteen letters and digits that can't be mistaken for each other.
fn recovery_text() -> Result<Sensitive> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let bytes: [u8; 16] = random()?;
    let mut text = String::new();
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push('-');
        }
        let letter = LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'A');
        text.push(char::from(letter));
    }
    Ok(Sensitive(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, SHA-1, the last six of eight digits at 59 s.
        let totp = build(b"12345678901234567890", "ana@ejemplo.es").unwrap();
        assert_eq!(totp.check("287082", 59), Some(1));
        assert_eq!(totp.check("287082", 89), Some(1));
        assert_eq!(totp.check("287082", 121), None);
        assert!(
            totp.to_url()
                .unwrap()
                .starts_with("otpauth://totp/Trastienda:ana")
        );
    }

    #[test]
    fn recovery_codes_are_legible() {
        let code = recovery_text().unwrap().0;
        assert_eq!(code.len(), 19);
        assert!(!code.contains(['0', 'O', '1', 'I']));
    }
}
