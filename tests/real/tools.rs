//! Compressors, version control, a database, an interpreter or two.

use super::{command, files, transparent};

/// Runs a script among files, if what it needs is there.
fn script(needs: &str, lines: u64, text: &str) {
    let folder = files(lines);
    if super::find(needs).is_some()
        && let Some(run) = command(folder.path(), &["bash", "-e", "-c", text])
    {
        run.transparent();
    }
}

#[test]
fn gzip() {
    script(
        "gzip",
        20_000,
        "for l in 1 6 9; do gzip -n -$l -c text noise | tee file.gz | gzip -d | cmp - <(cat text noise); md5sum file.gz; done",
    );
}

#[test]
#[cfg_attr(not(has = "xz"), ignore = "skipped: no xz")]
fn xz() {
    script(
        "xz",
        10_000,
        "xz -kf -1 text; xz -c -6 noise | sha256sum; sha256sum text.xz; xz -dc text.xz | cmp - text; xz -T2 -t text.xz",
    );
    transparent(&["xz", "-d", "missing"]);
}

#[test]
fn bzip2_and_zstd() {
    script("bzip2", 5_000, "bzip2 -kf text; sha256sum text.bz2; bzip2 -dc text.bz2 | cmp - text");
    script("zstd", 20_000, "zstd -qf -T2 text; sha256sum text.zst; zstd -dqc text.zst | cmp - text");
}

#[test]
#[cfg_attr(not(has = "sqlite3"), ignore = "skipped: no sqlite3")]
fn sqlite() {
    let statements = "create table t(a integer primary key, b real, c text);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
        insert into t select i, i * 1.25, printf('%.3f', i / 7.0) from n;
        create index x on t(c); begin; update t set b = b * 2 where a % 3 = 0; commit;
        select count(*), sum(b), avg(b), max(c), total(length(c)) from t; select nonsense;";
    transparent(&["sqlite3", "file.db", "select sqlite_version(), 1.5 * 2, hex(zeroblob(3));"]);
    transparent(&["sqlite3", ":memory:", statements]);
}

#[test]
#[cfg_attr(not(has = "git"), ignore = "skipped: no git")]
fn git() {
    let text = "export GIT_AUTHOR_DATE='@0 +0000' GIT_COMMITTER_DATE='@0 +0000' GIT_CONFIG_NOSYSTEM=1;
        rm -rf r; git init -q -b main r; cd r; git config user.name n; git config user.email e; git config gc.auto 0;
        for i in 1 2 3; do head -$((i * 50)) ../text > f; git add f; git commit -qm c$i; done;
        git log --oneline --stat; git checkout -q -b other HEAD~1; echo x >> f; git commit -qam x; git merge main || git status -s;
        git diff | head -20; git checkout -q -f main; git gc -q; git fsck; git rev-parse HEAD; git clone -q . ../c$$; rm -rf ../c$$";
    script("git", 500, text);
}

#[test]
fn perl() {
    let text = r#"my %h; $h{$_ % 97} += sqrt($_) for 1..20000; printf("%.6f\n", $h{5}); print join(",", sort { $a <=> $b } keys %h), "\n";
        my $s = "abc" x 1000; my $n = () = $s =~ /b(?=c)/g; print "$n\n"; local $SIG{ALRM} = sub { die "alarm\n" };
        eval { alarm 1; select(undef, undef, undef, 5) }; print $@; my $p = fork; if (!$p) { exit 5 } waitpid $p, 0; print $? >> 8, "\n";
        eval { die { code => 3 } }; print $@->{code}, "\n"; print sprintf("%s", 0.1 + 0.2), "\n"; open my $f, "-|", "echo piped"; print <$f>; exit 6"#;
    transparent(&["perl", "-e", text]);
}
