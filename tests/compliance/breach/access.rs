//! Breaches about who may do what.

use super::{Breach, Ground};

impl Ground {
    fn user(&self, id: &str, made: &str) -> String {
        let org = &self.organisation;
        format!(
            "INSERT INTO directory.\"user\" (organisation_id, id, email, display_name, locale, \
                created_at) \
             VALUES ('{org}', '{id}', '{id}@prueba.example', 'Usuario de prueba', 'ES', {made});"
        )
    }

    fn role(&self, id: &str, permission: &str) -> String {
        let (org, number) = (&self.organisation, self.next.get());
        format!(
            "INSERT INTO directory.role (organisation_id, id, key, name, permissions, created_at) \
             VALUES ('{org}', '{id}', 'prueba_{number}', 'Prueba {number}', \
                ARRAY['{permission}'], now());"
        )
    }

    fn assign(&self, role: &str, user: &str) -> String {
        let (org, by, id) = (&self.organisation, &self.user, self.id());
        format!(
            "INSERT INTO directory.role_assignment (organisation_id, id, role_id, user_id, \
                created_by, created_at) \
             VALUES ('{org}', '{id}', {role}, '{user}', '{by}', now());"
        )
    }

    pub(super) fn access(&self) -> Vec<Breach> {
        vec![
            self.conflict(),
            self.owners(),
            self.one_factor(),
            self.unused(),
        ]
    }

    fn conflict(&self) -> Breach {
        let (user, one, other) = (self.id(), self.id(), self.id());
        Breach {
            rule: "directory.duties_in_conflict",
            plant: [
                self.user(&user, "now()"),
                self.role(&one, "people.payroll.run"),
                self.assign(&format!("'{one}'"), &user),
                self.role(&other, "people.payroll.approve"),
                self.assign(&format!("'{other}'"), &user),
            ]
            .concat(),
            mend: format!(
                "DELETE FROM directory.role_assignment \
                 WHERE user_id = '{user}' AND role_id = '{other}'"
            ),
            subject: format!("'{user}'::uuid"),
        }
    }

    fn owners(&self) -> Breach {
        let owner = "(SELECT id FROM directory.role WHERE key = 'owner')";
        let users = [self.id(), self.id(), self.id()];
        let plant = users
            .iter()
            .map(|user| self.user(user, "now()") + &self.assign(owner, user));
        Breach {
            rule: "directory.owners_too_many",
            plant: plant.collect(),
            mend: format!(
                "DELETE FROM directory.role_assignment WHERE user_id IN ('{}')",
                users.join("', '")
            ),
            subject: owner.to_owned(),
        }
    }

    fn one_factor(&self) -> Breach {
        let (user, role) = (self.id(), self.id());
        Breach {
            rule: "directory.user_without_second_factor",
            plant: self.user(&user, "now()")
                + &self.role(&role, "ledger.entry.post")
                + &self.assign(&format!("'{role}'"), &user),
            mend: format!("UPDATE directory.\"user\" SET totp_enabled = true WHERE id = '{user}'"),
            subject: format!("'{user}'::uuid"),
        }
    }

    fn unused(&self) -> Breach {
        let user = self.id();
        Breach {
            rule: "directory.user_unused",
            plant: self.user(&user, "now() - interval '91 days'"),
            mend: format!(
                "UPDATE directory.\"user\" SET last_login_at = now() WHERE id = '{user}'"
            ),
            subject: format!("'{user}'::uuid"),
        }
    }
}
