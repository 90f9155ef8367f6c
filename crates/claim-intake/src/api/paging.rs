//! Pages, as every list makes them: one entry more than asked for is read, and tells whether there is a next page.
use tonic::Status;

/// The entries of a page of `size`, and the token of the next page, which begins after the last of them; empty when
/// there is none.
pub(super) fn paged<T>(
    mut found: Vec<T>,
    size: u64,
    token: impl FnOnce(&T) -> Result<String, Status>,
) -> Result<(Vec<T>, String), Status> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if found.len() <= size {
        return Ok((found, String::new()));
    }
    found.truncate(size);
    let next = found.last().map(token).transpose()?.unwrap_or_default();
    Ok((found, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_has_no_token() {
        let page = |found: Vec<i32>| paged(found, 2, |last| Ok(last.to_string())).unwrap();
        assert_eq!(page(vec![]), (vec![], String::new()));
        assert_eq!(page(vec![1, 2]), (vec![1, 2], String::new()));
        assert_eq!(page(vec![1, 2, 3]), (vec![1, 2], "2".to_owned()));
    }
}
