//! "Did you mean": the name that a misspelt one was probably to be.

/// The candidate nearest to `word`, where one is near enough to be meant.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, _)| distance <= (word.len() / 3).max(1) && distance < word.len())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Help on an unknown `word`: the nearest of `candidates`, and all of them.
pub(crate) fn help<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let all: Vec<String> = candidates.clone().into_iter().map(|candidate| format!("`{candidate}`")).collect();
    let allowed = match all.as_slice() {
        [] => "nothing is allowed here".to_owned(),
        all => format!("allowed: {}", all.join(", ")),
    };
    match closest(word, candidates) {
        Some(near) => format!("did you mean `{near}`? {allowed}"),
        None => allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let names = ["interval", "initial", "cap"];
        for (word, near) in
            [("intreval", Some("interval")), ("Cap", Some("cap")), ("zebra", None), ("x", None), ("", None)]
        {
            assert_eq!(closest(word, names), near, "{word}");
        }
    }
}
