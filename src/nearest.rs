//! "Did you mean": the known names nearest to one that is not known.

/// `"; nearest: a, b"`, or nothing where no name comes near.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    const OFFERED: usize = 3;
    const NEAR: f64 = 0.5;
    let lower = name.to_lowercase();
    let mut scored: Vec<(f64, &str)> =
        known.map(|known| (strsim::normalized_damerau_levenshtein(&lower, &known.to_lowercase()), known)).collect();
    scored.retain(|(score, _)| *score >= NEAR);
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    match scored.as_slice() {
        [] => String::new(),
        near => {
            let names: Vec<&str> = near.iter().take(OFFERED).map(|(_, name)| *name).collect();
            format!("; nearest: {}", names.join(", "))
        }
    }
}
