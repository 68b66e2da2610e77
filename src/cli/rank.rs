//! Which of many processes this is, where a launcher started several.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// What launchers set: Open MPI, MPICH and Intel MPI, PMIx, Slurm, torchrun.
const VARIABLES: [&str; 5] = ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID", "RANK"];
/// Set by torchrun alone, which Slurm may have started: then Slurm's rank is torchrun's, not this process's.
const TORCHRUN: &str = "TORCHELASTIC_RUN_ID";

/// The path with each %r replaced by the rank.
pub fn in_name(path: &Path) -> Result<PathBuf> {
    const PLACE: &[u8] = b"%r";
    let name = path.as_os_str().as_bytes();
    if !name.windows(PLACE.len()).any(|window| window == PLACE) {
        return Ok(path.to_owned());
    }
    let rank = rank(|variable| std::env::var_os(variable)).map_err(|error| error.at(path.display()))?;
    let mut out = Vec::new();
    let mut rest = name;
    while let Some(at) = rest.windows(PLACE.len()).position(|window| window == PLACE) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(rank.to_string().as_bytes());
        rest = &rest[at + PLACE.len()..];
    }
    out.extend_from_slice(rest);
    Ok(OsString::from_vec(out).into())
}

fn rank(variable: impl Fn(&str) -> Option<OsString>) -> Result<u32> {
    let mut order: Vec<&str> = VARIABLES.to_vec();
    if variable(TORCHRUN).is_some() {
        order.rotate_right(1);
    }
    let set = order.into_iter().find_map(|name| Some((name, variable(name)?)));
    let Some((name, value)) = set else {
        return Err(Error::input(format!("%r is the rank of this process, and none of {} is set", VARIABLES.join(", ")))
            .remedy("start it with mpirun, srun or torchrun, or set RANK yourself: RANK=0 flopledger run -o run.%r.json -- COMMAND"));
    };
    parsed(&value).ok_or_else(|| {
        Error::input(format!("{name}={} is no rank", value.to_string_lossy()))
            .remedy(format!("set {name} to a whole number, or unset it"))
    })
}

fn parsed(value: &OsStr) -> Option<u32> {
    value.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<u32> {
        rank(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value)))
    }

    #[test]
    fn each_launcher_tells_the_rank() {
        for name in VARIABLES {
            assert_eq!(of(&[(name, "3")]).expect(name), 3);
        }
        assert_eq!(of(&[("RANK", "5"), ("SLURM_PROCID", "1")]).expect("Slurm's"), 1);
        assert_eq!(of(&[("RANK", "5"), ("SLURM_PROCID", "1"), (TORCHRUN, "x")]).expect("torchrun's"), 5);
    }

    #[test]
    fn without_a_launcher_the_remedy_is_told() {
        let error = of(&[]).expect_err("no rank").to_string();
        assert!(error.contains("SLURM_PROCID") && error.contains("mpirun"), "{error}");
        assert!(of(&[("RANK", "first")]).expect_err("no number").to_string().contains("RANK=first"));
    }
}
