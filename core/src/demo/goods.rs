//! What the shop sells, and to and from whom: the words that the catalogue is made of.

/// A family of goods: code, name, least and most cost in cents, products, and what tells them apart.
pub(super) struct Family {
    pub code: &'static str,
    pub name: &'static str,
    pub cost: (u64, u64),
    pub products: &'static [&'static str],
    pub variants: &'static [&'static str],
}

#[rustfmt::skip]
pub(super) const FAMILIES: &[Family] = &[
    Family { code: "TOR", name: "Tornillería", cost: (90, 900), products: &["Tornillo para madera, caja", "Tornillo métrico, caja", "Tuerca hexagonal, caja", "Arandela plana, caja", "Taco de nailon, caja"], variants: SIZES },
    Family { code: "HMA", name: "Herramienta manual", cost: (300, 3_500), products: &["Destornillador", "Alicates", "Martillo", "Llave combinada", "Sierra de mano"], variants: SIZES },
    Family { code: "HEL", name: "Herramienta eléctrica", cost: (2_900, 18_000), products: &["Taladro percutor", "Amoladora", "Lijadora", "Sierra de calar", "Atornillador"], variants: MODELS },
    Family { code: "PIN", name: "Pintura", cost: (500, 6_500), products: &["Pintura plástica", "Esmalte", "Barniz", "Imprimación", "Rodillo"], variants: COLOURS },
    Family { code: "FON", name: "Fontanería", cost: (150, 7_500), products: &["Grifo monomando", "Latiguillo", "Sifón", "Tubo multicapa, rollo", "Llave de paso"], variants: SIZES },
    Family { code: "ELE", name: "Electricidad", cost: (120, 4_800), products: &["Bombilla LED", "Enchufe", "Cable, rollo", "Interruptor", "Magnetotérmico"], variants: MODELS },
    Family { code: "CER", name: "Cerrajería", cost: (700, 9_500), products: &["Cerradura de embutir", "Bombín", "Candado", "Cerrojo", "Muelle cierrapuertas"], variants: MODELS },
    Family { code: "JAR", name: "Jardín", cost: (250, 12_000), products: &["Manguera", "Tijera de podar", "Sustrato, saco", "Maceta", "Desbrozadora"], variants: SIZES },
    Family { code: "MAD", name: "Madera", cost: (350, 5_400), products: &["Tablero aglomerado", "Listón de pino", "Balda lacada", "Rodapié", "Molduras, juego"], variants: SIZES },
    Family { code: "MEN", name: "Menaje", cost: (200, 3_900), products: &["Cubo de fregar", "Caja organizadora", "Escalera plegable", "Tendedero", "Recogedor"], variants: COLOURS },
];

#[rustfmt::skip]
const SIZES: &[&str] = &["mini", "pequeño", "mediano", "grande", "extra", "12", "16", "20", "25", "32"];
#[rustfmt::skip]
const MODELS: &[&str] = &["A1", "A2", "B1", "B2", "C1", "C2", "Pro 1", "Pro 2", "Max", "Eco"];
#[rustfmt::skip]
const COLOURS: &[&str] = &["blanco", "negro", "gris", "azul", "verde", "rojo", "amarillo", "marrón", "beis", "crema"];

/// Those the shop buys from. The last one shares something with somebody of the house.
#[rustfmt::skip]
pub(super) const SUPPLIERS: &[&str] = &[
    "Tornillería del Henares, S.A.", "Herramientas Duero, S.L.", "Electro Levante, S.A.",
    "Pinturas Ebro, S.L.", "Fontanería Cantábrica, S.A.", "Luminarias Turia, S.L.",
    "Cerrajera Vasca, S.A.", "Jardines de Aranjuez, S.L.", "Maderas Sanabria, S.A.",
    "Menaje Sur, S.L.", "Distribuciones Guadarrama, S.L.", "Importaciones Alborán, S.L.",
];

/// Those the shop sells to on account, beside the counter.
#[rustfmt::skip]
pub(super) const CUSTOMERS: &[&str] = &[
    "Construcciones Robledo, S.L.", "Reformas Alcarria, S.L.", "Comunidad Calle Olmo 14",
    "Instalaciones Moncayo, S.A.", "Talleres Jarama, S.L.", "Hotel Puerta del Sol, S.A.",
    "Colegio San Isidro", "Pintores Unidos, S. Coop.", "Servicios Integrales Tajo, S.L.",
    "Obras y Caminos Gredos, S.A.",
];

/// Warehouses by code, name, street, postal code and city.
pub(super) const WAREHOUSES: &[(&str, &str, &str, &str, &str)] = &[
    (
        "CEN",
        "Almacén central",
        "Avenida de la Industria, 42",
        "28823",
        "Coslada",
    ),
    (
        "MAD",
        "Tienda de Madrid",
        "Calle del Almendro, 12",
        "28005",
        "Madrid",
    ),
    (
        "GET",
        "Tienda de Getafe",
        "Calle de Toledo, 8",
        "28901",
        "Getafe",
    ),
];
