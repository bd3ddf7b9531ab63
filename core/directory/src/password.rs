//! Passwords: what a good one is, and how it is kept (Argon2id, 19 MiB, two passes, one lane).

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use kernel::{Error, Fault, Result};
use tokio::sync::Semaphore;

use crate::secret::Sensitive;

/// Characters of a password at least.
pub const MIN_LENGTH: usize = 12;
/// Characters of a password at most.
pub const MAX_LENGTH: usize = 1_024;

/// Characters of a password, besides what is known of its owner, at least.
const MIN_BESIDE: usize = 8;

/// Memory of one hash, in KiB.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// At most one hash a core at a time: more would only make each slower.
static CORES: LazyLock<Semaphore> = LazyLock::new(|| {
    Semaphore::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
});

/// What a wrong name is verified against, so that it takes as long as a wrong password.
static NOBODY: LazyLock<String> =
    LazyLock::new(|| hash_now("nobody's password").unwrap_or_default());

/// Refuses a password that is too short, too long or too easily guessed. `known` are texts that an
/// attacker would try first: the name and address of its owner.
pub fn check(password: &Sensitive, known: &[&str]) -> Result<(), Fault> {
    let length = password.0.chars().count();
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
        return Err(Fault::invalid("directory.password_length")
            .with("least", MIN_LENGTH)
            .with("most", MAX_LENGTH));
    }
    let words: Vec<&str> = known
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.chars().count() > 2)
        .collect();
    if beside(&password.0, &words) < MIN_BESIDE {
        return Err(Fault::invalid("directory.password_common"));
    }
    if zxcvbn::zxcvbn(&password.0, &words).score() < zxcvbn::Score::Three {
        return Err(Fault::invalid("directory.password_common"));
    }
    Ok(())
}

/// Characters of a password that are left when the words known of its owner are taken away.
fn beside(password: &str, words: &[&str]) -> usize {
    let mut rest = password.to_lowercase();
    for word in words {
        rest = rest.replace(&word.to_lowercase(), "");
    }
    rest.chars().count()
}

/// The text that is kept of a password, in the PHC format.
pub async fn hash(password: &Sensitive) -> Result<String> {
    let password = password.0.clone();
    on_a_core(move || hash_now(&password)).await?
}

/// Whether it is the password that was kept. With none kept it takes as long, and is not.
pub async fn verify(password: &Sensitive, kept: Option<String>) -> Result<bool> {
    if password.0.len() > 4 * MAX_LENGTH {
        return Ok(false);
    }
    let password = password.0.clone();
    on_a_core(move || {
        let text = kept.as_deref().unwrap_or(NOBODY.as_str());
        let right = PasswordHash::new(text).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        });
        right && kept.is_some()
    })
    .await
}

async fn on_a_core<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let _permit = CORES
        .acquire()
        .await
        .map_err(|_| Error::bug("the semaphore was closed"))?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::bug(format!("hashing stopped: {error}")))
}

fn hash_now(password: &str) -> Result<String> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|error| Error::bug(format!("argon2 parameters: {error}")))?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password.as_bytes())
        .map(|hash: PasswordHash| hash.to_string())
        .map_err(|error| Error::bug(format!("argon2: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_common_passwords_are_refused() {
        for bad in [
            "",
            "short",
            "password1234",
            "123456789012",
            "qwertyuiop12",
            "aaaaaaaaaaaaaaaa",
        ] {
            assert!(check(&bad.into(), &[]).is_err(), "{bad}");
        }
        assert!(check(&"x".repeat(1_025).as_str().into(), &[]).is_err());
        assert!(
            check(
                &"maria.lopez2026".into(),
                &["maria.lopez@ejemplo.es", "María López"]
            )
            .is_err()
        );
        assert!(check(&"trastienda-demo-luna-44".into(), &[]).is_ok());
    }

    #[tokio::test]
    async fn a_password_is_kept_as_argon2id_of_the_stated_cost() {
        let kept = hash(&"correcto caballo pila grapa".into()).await.unwrap();
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert!(
            verify(&"correcto caballo pila grapa".into(), Some(kept.clone()))
                .await
                .unwrap()
        );
        assert!(
            !verify(&"correcto caballo pila".into(), Some(kept))
                .await
                .unwrap()
        );
        assert!(!verify(&"nobody's password".into(), None).await.unwrap());
    }
}
