//! Typed ids: a UUIDv7 in the database, a TypeID (`emp_01h…`) everywhere a person or client sees it.

use async_graphql::{InputValueError, InputValueResult, Value};
use type_safe_id::{DynamicType, TypeSafeId};
use uuid::Uuid;

/// What every typed id can do. Declared by [`typed_id!`](crate::typed_id).
pub trait TypedId: Copy + Send + Sync + Eq + std::hash::Hash + Ord + 'static {
    /// The prefix of its text form, as in `emp_…`.
    const PREFIX: &'static str;

    /// Wraps a raw identifier.
    fn from_uuid(uuid: Uuid) -> Self;

    /// The raw identifier.
    fn uuid(self) -> Uuid;

    /// A new, time-ordered id.
    fn generate() -> Self {
        Self::from_uuid(Uuid::now_v7())
    }
}

/// Writes an identifier as TypeID text.
pub fn encode(prefix: &str, uuid: Uuid) -> String {
    match DynamicType::new(prefix) {
        Ok(kind) => TypeSafeId::from_type_and_uuid(kind, uuid).to_string(),
        Err(_) => uuid.to_string(),
    }
}

/// Splits a TypeID text into its prefix and identifier.
pub fn decode(text: &str) -> Option<(String, Uuid)> {
    let id: TypeSafeId<DynamicType> = text.parse().ok()?;
    Some((id.type_prefix().to_owned(), id.uuid()))
}

/// Reads the text form of one kind of id; `None` when the text is another kind's or none.
pub fn parse<I: TypedId>(text: &str) -> Option<I> {
    let (prefix, uuid) = decode(text)?;
    (prefix == I::PREFIX).then(|| I::from_uuid(uuid))
}

/// Reads an id from a GraphQL input value.
pub fn from_graphql<I: TypedId + async_graphql::InputType>(
    value: Option<Value>,
) -> InputValueResult<I> {
    let value = value.unwrap_or_default();
    let Value::String(text) = &value else {
        return Err(InputValueError::expected_type(value));
    };
    parse(text).ok_or_else(|| {
        InputValueError::custom(format!(
            "`{text}` is not an id of the form `{}_…`",
            I::PREFIX
        ))
    })
}

/// Declares a typed id: its GraphQL form is the `ID` scalar, its SQL type is `uuid`.
#[macro_export]
macro_rules! typed_id {
    ($($(#[$meta:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$meta])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            $crate::diesel::AsExpression, $crate::diesel::FromSqlRow,
        )]
        #[diesel(sql_type = $crate::diesel::sql_types::Uuid)]
        pub struct $name(pub $crate::uuid::Uuid);

        impl $crate::id::TypedId for $name {
            const PREFIX: &'static str = $prefix;
            fn from_uuid(uuid: $crate::uuid::Uuid) -> Self {
                Self(uuid)
            }
            fn uuid(self) -> $crate::uuid::Uuid {
                self.0
            }
        }

        impl $name {
            /// A new, time-ordered id.
            pub fn generate() -> Self {
                <Self as $crate::id::TypedId>::generate()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$crate::id::encode($prefix, self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                $crate::id::parse(text).ok_or_else(|| format!("`{text}` is not a `{}_` id", $prefix))
            }
        }

        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <String as $crate::serde::Deserialize>::deserialize(d)?;
                text.parse().map_err($crate::serde::de::Error::custom)
            }
        }

        impl $crate::diesel::serialize::ToSql<$crate::diesel::sql_types::Uuid, $crate::diesel::pg::Pg>
            for $name
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut $crate::diesel::serialize::Output<'b, '_, $crate::diesel::pg::Pg>,
            ) -> $crate::diesel::serialize::Result {
                <$crate::uuid::Uuid as $crate::diesel::serialize::ToSql<
                    $crate::diesel::sql_types::Uuid,
                    $crate::diesel::pg::Pg,
                >>::to_sql(&self.0, out)
            }
        }

        impl $crate::diesel::deserialize::FromSql<$crate::diesel::sql_types::Uuid, $crate::diesel::pg::Pg>
            for $name
        {
            fn from_sql(
                bytes: <$crate::diesel::pg::Pg as $crate::diesel::backend::Backend>::RawValue<'_>,
            ) -> $crate::diesel::deserialize::Result<Self> {
                <$crate::uuid::Uuid as $crate::diesel::deserialize::FromSql<
                    $crate::diesel::sql_types::Uuid,
                    $crate::diesel::pg::Pg,
                >>::from_sql(bytes)
                .map(Self)
            }
        }

        impl $crate::async_graphql::InputType for $name {
            type RawValueType = Self;
            fn type_name() -> std::borrow::Cow<'static, str> {
                <$crate::async_graphql::ID as $crate::async_graphql::InputType>::type_name()
            }
            fn create_type_info(registry: &mut $crate::async_graphql::registry::Registry) -> String {
                <$crate::async_graphql::ID as $crate::async_graphql::InputType>::create_type_info(registry)
            }
            fn parse(
                value: Option<$crate::async_graphql::Value>,
            ) -> $crate::async_graphql::InputValueResult<Self> {
                $crate::id::from_graphql::<Self>(value)
                    .map_err($crate::async_graphql::InputValueError::propagate)
            }
            fn to_value(&self) -> $crate::async_graphql::Value {
                $crate::async_graphql::Value::String(self.to_string())
            }
            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }
        }

        impl $crate::async_graphql::OutputType for $name {
            fn type_name() -> std::borrow::Cow<'static, str> {
                <$crate::async_graphql::ID as $crate::async_graphql::OutputType>::type_name()
            }
            fn create_type_info(registry: &mut $crate::async_graphql::registry::Registry) -> String {
                <$crate::async_graphql::ID as $crate::async_graphql::OutputType>::create_type_info(registry)
            }
            async fn resolve(
                &self,
                _: &$crate::async_graphql::ContextSelectionSet<'_>,
                _: &$crate::async_graphql::Positioned<
                    $crate::async_graphql::parser::types::Field,
                >,
            ) -> $crate::async_graphql::ServerResult<$crate::async_graphql::Value> {
                Ok($crate::async_graphql::Value::String(self.to_string()))
            }
        }
    )*};
}
