//! Everyone beyond those with a part: employees with varied families, contracts and pay.

use super::chance::Chance;
use super::roster::Staff;

const WOMEN: &[&str] = &[
    "Ana",
    "Belén",
    "Clara",
    "Dolores",
    "Eva",
    "Fátima",
    "Gloria",
    "Inés",
    "Julia",
    "Laura",
    "Leire",
    "Lidia",
    "Luisa",
    "Mónica",
    "Natalia",
    "Noelia",
    "Olga",
    "Patricia",
    "Rocío",
    "Sara",
    "Silvia",
    "Valeria",
    "Verónica",
    "Yolanda",
];
const MEN: &[&str] = &[
    "Alberto",
    "Álvaro",
    "Antonio",
    "Carlos",
    "Daniel",
    "David",
    "Emilio",
    "Enrique",
    "Esteban",
    "Felipe",
    "Francisco",
    "Gonzalo",
    "Guillermo",
    "Ismael",
    "Jorge",
    "José",
    "Juan",
    "Luis",
    "Marcos",
    "Mario",
    "Miguel",
    "Nicolás",
    "Rafael",
    "Rubén",
];
const SURNAMES: &[&str] = &[
    "Alonso",
    "Arias",
    "Blanco",
    "Caballero",
    "Cabrera",
    "Castillo",
    "Castro",
    "Delgado",
    "Domínguez",
    "Esteban",
    "Ferrer",
    "Gallardo",
    "García",
    "Garrido",
    "Gómez",
    "González",
    "Guerrero",
    "Gutiérrez",
    "Hernández",
    "Hidalgo",
    "Jiménez",
    "León",
    "López",
    "Márquez",
    "Martín",
    "Medina",
    "Montero",
    "Moreno",
    "Muñoz",
    "Núñez",
    "Ortiz",
    "Pardo",
    "Pérez",
    "Ramírez",
    "Ramos",
    "Rivas",
    "Robles",
    "Román",
    "Romero",
    "Sánchez",
    "Torres",
    "Vargas",
    "Vázquez",
    "Vicente",
];

/// A position: its title for women and men, contribution group, and least and most yearly salary.
type Position = (&'static str, &'static str, i32, u64, u64);

/// The positions of a department of the shop.
const SHOP: &[&[Position]] = &[
    &[
        ("Administrativa", "Administrativo", 5, 20_000, 26_000),
        ("Analista", "Analista", 2, 27_000, 38_000),
        (
            "Auxiliar administrativa",
            "Auxiliar administrativo",
            7,
            17_600,
            21_000,
        ),
    ],
    &[
        ("Dependienta", "Dependiente", 5, 18_400, 23_500),
        ("Cajera", "Cajero", 7, 17_300, 20_000),
        ("Comercial", "Comercial", 4, 22_000, 34_000),
    ],
    &[
        ("Moza de almacén", "Mozo de almacén", 9, 17_900, 20_500),
        ("Carretillera", "Carretillero", 8, 19_000, 23_000),
    ],
    &[
        ("Ajustadora", "Ajustador", 8, 21_000, 27_500),
        (
            "Ayudante de taller",
            "Ayudante de taller",
            9,
            18_200,
            21_500,
        ),
    ],
];

/// The positions of a department of the carrier.
const CARRIER: &[&[Position]] = &[
    &[
        ("Administrativa", "Administrativo", 5, 20_000, 25_500),
        ("Jefa de tráfico", "Jefe de tráfico", 3, 29_000, 39_000),
    ],
    &[
        ("Conductora", "Conductor", 8, 22_500, 29_500),
        ("Repartidora", "Repartidor", 9, 18_300, 22_000),
    ],
    &[
        ("Moza de almacén", "Mozo de almacén", 9, 17_900, 20_500),
        (
            "Preparadora de pedidos",
            "Preparador de pedidos",
            10,
            17_400,
            19_500,
        ),
    ],
];

/// So many people of the shop or of the carrier, from a running number on.
pub(super) fn crowd(carrier: bool, from: usize, count: usize) -> Vec<Staff> {
    let (purpose, positions) = if carrier {
        ("carrier", CARRIER)
    } else {
        ("shop", SHOP)
    };
    let mut chance = Chance::of(purpose);
    (from..from + count)
        .filter_map(|number| person(&mut chance, positions, number))
        .collect()
}

fn person(chance: &mut Chance, positions: &[&[Position]], number: usize) -> Option<Staff> {
    let woman = chance.percent(50);
    let first_name = *chance.pick(if woman { WOMEN } else { MEN })?;
    let last_name = format!("{} {}", chance.pick(SURNAMES)?, chance.pick(SURNAMES)?);
    let department = usize::try_from(chance.between(0, 9)).unwrap_or_default();
    let department = [0, 1, 1, 1, 2, 2, 2, 3, 3, 1].get(department).copied()?;
    let department = department.min(positions.len().checked_sub(1)?);
    let (her, his, group, least, most) = *chance.pick(positions.get(department)?)?;
    let age = i32::try_from(chance.between(21, 62)).ok()?;
    let part_time = chance.percent(14);
    let percent = if part_time {
        *chance.pick(&[50, 60, 75])?
    } else {
        100
    };
    let children = children(chance, age);
    let salary = chance.between(least / 100, most / 100) * 100;
    let salary = i64::try_from(salary).ok()? * percent / 100;
    Some(Staff {
        first_name: first_name.into(),
        last_name: last_name.into(),
        number: Some(number),
        birth_year: 2026 - age,
        department,
        salary,
        group,
        occupation: if woman { her } else { his },
        working_time_percent: percent,
        prorated: chance.percent(40),
        temporary: false,
        situation: situation(chance, !children.is_empty()),
        children,
        hired: hired(chance, age)?,
    })
}

/// The situation of art. 82 of the income tax rules: alone with children, earning spouse or none.
fn situation(chance: &mut Chance, has_children: bool) -> i32 {
    match chance.between(1, 100) {
        1..=7 if has_children => 1,
        8..=24 => 2,
        _ => 3,
    }
}

fn children(chance: &mut Chance, age: i32) -> Vec<i32> {
    let most = match age {
        ..26 => 0,
        26..34 => 1,
        34..50 => 3,
        _ => 2,
    };
    let count = chance.between(0, most);
    (0..count)
        .map(|_| {
            let oldest = u64::try_from(age - 24).unwrap_or(1).clamp(1, 20);
            2026 - i32::try_from(chance.between(1, oldest)).unwrap_or(1)
        })
        .collect()
}

/// When somebody joined: some in these two years, in the middle of a month, most before.
fn hired(chance: &mut Chance, age: i32) -> Option<(i32, u32, u32)> {
    let month = u32::try_from(chance.between(1, 12)).ok()?;
    let day = u32::try_from(chance.between(1, 28)).ok()?;
    if chance.percent(18) {
        let year = if chance.percent(60) { 2025 } else { 2026 };
        return Some((year, if year == 2026 { month.min(9) } else { month }, day));
    }
    let earliest = (2026 - age + 19).clamp(2010, 2023);
    let earliest = u64::try_from(earliest).ok()?;
    let year = i32::try_from(chance.between(earliest, 2024)).ok()?;
    Some((year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crowd_is_the_same_every_time() {
        let names =
            || -> Vec<String> { crowd(true, 100, 40).iter().map(Staff::full_name).collect() };
        assert_eq!(names(), names());
        assert_eq!(names().len(), 40);
    }

    #[test]
    fn nobody_is_paid_below_the_minimum_wage_or_hired_as_a_child() {
        for person in crowd(false, 25, 500) {
            let full_time = person.salary * 100 / person.working_time_percent;
            assert!(full_time >= 17_100, "{}", person.full_name());
            assert!(
                person.hired.0 - person.birth_year >= 18,
                "{}",
                person.full_name()
            );
        }
    }
}
