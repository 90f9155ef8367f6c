//! Cutting what was read to a page. Lists read one entry more than they answer, to know whether there is another page.

/// Leaves at most `size` entries, and answers whether there were more.
pub(super) fn cut<T>(found: &mut Vec<T>, size: u64) -> bool {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = found.len() > size;
    found.truncate(size);
    more
}
