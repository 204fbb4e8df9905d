//! Lists of moderate length: told whole, or in parts where a limit is given.

use axum::{body::Body, http::Response, response::IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema, openapi::path::Parameter};

use super::{
    answer::{Answer, Described, Json},
    query_parameters,
};

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct Part {
    /// With `limit`: which part of the list, counted from 1.
    #[param(minimum = 1)]
    page: Option<u64>,
    /// At most so many; all where none is given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
}

impl From<Part> for windlass_operations::Part {
    fn from(Part { page, limit }: Part) -> Self {
        Self { page, limit }
    }
}

/// 200 with a list, or the part of it that is asked for: operations that answer with it take `page` and `limit`.
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T: Serialize> IntoResponse for List<T> {
    fn into_response(self) -> Response<Body> {
        Json(self.0).into_response()
    }
}

impl<T: Serialize> Answer for List<T>
where
    Vec<T>: ToSchema,
{
    fn describe() -> Described {
        Json::<Vec<T>>::describe()
    }

    fn parameters() -> Vec<Parameter> {
        query_parameters::<Part>()
    }

    fn part(self, part: Part) -> Self {
        let Some(limit) = part.limit.and_then(|limit| usize::try_from(limit).ok()) else { return self };
        let before = part.page.and_then(|page| usize::try_from(page).ok()).unwrap_or(1).saturating_sub(1);
        Self(self.0.into_iter().skip(before.saturating_mul(limit)).take(limit).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_told_whole_or_in_parts() {
        let part = |page, limit| List((1..=5).collect::<Vec<u8>>()).part(Part { page, limit }).0;
        assert_eq!(part(None, None), [1, 2, 3, 4, 5]);
        assert_eq!(part(Some(2), None), [1, 2, 3, 4, 5]);
        assert_eq!(part(None, Some(2)), [1, 2]);
        assert_eq!(part(Some(3), Some(2)), [5]);
        assert_eq!(part(Some(u64::MAX), Some(u64::MAX)), [0; 0]);
    }
}
